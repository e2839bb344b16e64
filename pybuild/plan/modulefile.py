"""A modulefile with which a prefix runs, for Environment Modules (from 3.2 on) or Lmod.

Module operations are done while loading only: whoever unloads the module keeps the programming environment.
Variables get back what they had before. Environment Modules 3.2 have no command for that, so the old
value waits in a variable of its own, and ``unsetenv`` with a value brings it back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from pybuild.errors import PlanError, UsageError
from pybuild.model.modules import ModuleStep
from pybuild.plan.running import Part, Running

_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;/+=@<>()~^-]|[^\x00-\x7f]")
_WORD = re.compile(r"[A-Za-z0-9]")

_TCL = """\
proc pybuild_env {name} {
    global env
    if {[info exists env($name)]} { return $env($name) }
    return ""
}
proc pybuild_joined {args} { return [join $args ""] }
# The loaded modules that one of the patterns names, with or without the version, the last one first.
proc pybuild_matching {patterns} {
    set found {}
    foreach one [split [pybuild_env LOADEDMODULES] :] {
        set name $one
        while {$name != ""} {
            set next [string range $name 0 [expr {[string last / $name] - 1}]]
            foreach pattern $patterns {
                if {[string match $pattern $name]} { set found [linsert $found 0 $one]; set next ""; break }
            }
            set name $next
        }
    }
    return $found
}
proc pybuild_load {name} {
    if {[llength [pybuild_matching [list $name]]] == 0} { module load $name }
}
proc pybuild_unload {pattern} {
    foreach one [pybuild_matching [list $pattern]] { module unload $one }
}
proc pybuild_choose {name patterns} {
    if {[llength [pybuild_matching [list $name]]] > 0} { return }
    # Not swap: inside a modulefile, that of 3.2.13 forgets where a third module came from, and dies later.
    foreach other [pybuild_matching $patterns] { module unload $other }
    module load $name
}
proc pybuild_use {folder} {
    set now [split [pybuild_env MODULEPATH] :]
    if {[lindex $now 0] == $folder} { return }
    if {[lsearch -exact $now $folder] >= 0} { module unuse $folder }
    module use $folder
}
# Whether modules are as they must be: tools report success on failure.
proc pybuild_check {wanted pattern sentence} {
    if {([llength [pybuild_matching [list $pattern]]] > 0) == $wanted} { return 1 }
    puts stderr "pybuild: $sentence"
    return 0
}
proc pybuild_set {name keep value} {
    global env
    if {[module-info mode remove] && [info exists env($keep)]} {
        pybuild_back $name $keep
    } else {
        if {[module-info mode load] && [info exists env($name)]} { setenv $keep $env($name) }
        setenv $name $value
    }
}
proc pybuild_unset {name keep} {
    global env
    if {[module-info mode remove]} {
        if {[info exists env($keep)]} { pybuild_back $name $keep }
    } else {
        if {[module-info mode load] && [info exists env($name)]} { setenv $keep $env($name) }
        unsetenv $name
    }
}
proc pybuild_back {name keep} {
    set old [pybuild_env $keep]
    setenv $keep ""
    unsetenv $name $old
}
"""

_LUA = """\
local function loaded()
   local found = {}
   if loaded_modules then
      for _, one in ipairs(loaded_modules()) do
         found[#found + 1] = type(one) == "table" and (one.fullName or one[1]) or one
      end
   else
      for one in (os.getenv("LOADEDMODULES") or ""):gmatch("[^:]+") do
         if isloaded(one) then found[#found + 1] = one end
      end
   end
   return found
end
-- The loaded modules that one of the patterns names, with or without the version.
local function matching(patterns)
   local found = {}
   for _, one in ipairs(loaded()) do
      local name, hit = one, false
      while name and not hit do
         for _, pattern in ipairs(patterns) do hit = hit or name:find("^" .. pattern .. "$") ~= nil end
         name = name:match("^(.*)/[^/]*$")
      end
      if hit then found[#found + 1] = one end
   end
   return found
end
local function load_one(name)
   if not isloaded(name) then load(name) end
end
local function unload_all(pattern)
   for _, one in ipairs(matching({pattern})) do unload(one) end
end
local function choose(name, patterns)
   if isloaded(name) then return end
   for _, one in ipairs(matching(patterns)) do unload(one) end
   load(name)
end
local function use(folder)
   local now = os.getenv("MODULEPATH") or ""
   if (now .. ":"):sub(1, #folder + 1) ~= folder .. ":" then prepend_path("MODULEPATH", folder) end
end
local function check(wanted, is, sentence)
   if wanted ~= is then LmodError("pybuild: " .. sentence) end
end
"""


def tcl_quoted(text: str) -> str:
    """Return a word of Tcl, also inside braces, that is read as ``text``."""
    return '"' + "".join(c if _PLAIN.match(c) and c != ";" else _tcl(c) for c in _demand_text(text)) + '"'


def _tcl(character: str) -> str:
    return f"\\{ord(character):03o}"


def lua_quoted(text: str) -> str:
    """Return a string of Lua that is read as ``text``."""
    return '"' + "".join(c if _PLAIN.match(c) else f"\\{ord(c):03d}" for c in _demand_text(text)) + '"'


def modulefile(running: Running, form: str) -> str:
    """Return the text of a modulefile.

    Args:
        form: ``tcl`` or ``lua``.

    Raises:
        UsageError: no such form.
    """
    if form not in ("tcl", "lua"):
        raise UsageError(
            f"there are no modulefiles of the form {form!r}", hint="--format tcl or --format lua"
        )
    return "\n".join([*(_tcl_lines(running) if form == "tcl" else _lua_lines(running)), ""])


def _tcl_lines(running: Running) -> Iterator[str]:
    yield "#%Module1.0"
    yield "proc ModulesHelp {} {"
    yield from (f"    puts stderr {tcl_quoted(line)}" for line in _help(running))
    yield "}"
    yield f"module-whatis {tcl_quoted(_whatis(running))}"
    yield _TCL
    yield "if {[module-info mode load]} {"
    yield from (f"    pybuild_use {tcl_quoted(folder.rstrip('/'))}" for folder in reversed(running.folders))
    yield from (f"    {_tcl_step(step)}" for step in running.steps)
    for wanted, pattern, sentence in _checks(running):
        words = f"{int(wanted)} {tcl_quoted(pattern)} {tcl_quoted(sentence)}"
        yield f"    if {{![pybuild_check {words}]}} {{ break }}"
    yield "}"
    for one in running.settings:
        keep = f"__PYBUILD_{_tag(running)}_{one.name}"
        value = f"[pybuild_joined {_joined(one.value, ' ', tcl_quoted, '[pybuild_env {}]')}]"
        yield {
            "set": f"pybuild_set {one.name} {keep} {value}",
            "unset": f"pybuild_unset {one.name} {keep}",
            "prepend": f"prepend-path {one.name} {value}",
        }[one.kind]
    yield f"prepend-path PATH {tcl_quoted(running.prefix + '/bin')}"


def _tcl_step(step: ModuleStep) -> str:
    name, old = tcl_quoted(step.operation.module.rstrip("/")), tcl_quoted(step.operation.old)
    members = " ".join(map(tcl_quoted, step.members))
    return {
        "load": f"pybuild_load {name}",
        "unload": f"pybuild_unload {name}",
        "swap": f"pybuild_choose {name} [list {old}]",
        "choose": f"pybuild_choose {name} [list {members}]",
        "use": f"pybuild_use {name}",
    }[step.operation.kind]


def _lua_lines(running: Running) -> Iterator[str]:
    yield f"help({lua_quoted(chr(10).join(_help(running)))})"
    yield f"whatis({lua_quoted(_whatis(running))})"
    yield _LUA
    yield 'if mode() == "load" then'
    yield from (f"   use({lua_quoted(folder.rstrip('/'))})" for folder in reversed(running.folders))
    yield from (f"   {_lua_step(step)}" for step in running.steps)
    for wanted, pattern, sentence in _checks(running):
        found = f"#matching({{{_lua_pattern(pattern)}}}) > 0"
        yield f"   check({str(wanted).lower()}, {found}, {lua_quoted(sentence)})"
    yield "end"
    for one in running.settings:
        value = _joined(one.value, " .. ", lua_quoted, '(os.getenv("{}") or "")') or '""'
        if one.kind == "prepend":
            yield f'prepend_path("{one.name}", {value})'
        else:
            yield f'pushenv("{one.name}", {"false" if one.kind == "unset" else value})'
    yield f'prepend_path("PATH", {lua_quoted(running.prefix + "/bin")})'


def _lua_step(step: ModuleStep) -> str:
    name = lua_quoted(step.operation.module.rstrip("/"))
    members = ", ".join(map(_lua_pattern, step.members))
    return {
        "load": f"load_one({name})",
        "unload": f"unload_all({_lua_pattern(step.operation.module)})",
        "swap": f"choose({name}, {{{_lua_pattern(step.operation.old)}}})",
        "choose": f"choose({name}, {{{members}}})",
        "use": f"use({name})",
    }[step.operation.kind]


def _lua_pattern(pattern: str) -> str:
    """Return a module pattern as one of Lua's, which knows no ``*`` and has magic characters of its own."""
    special = {"*": ".*", "?": "."}
    return lua_quoted("".join(special.get(c) or (c if _WORD.match(c) else f"%{c}") for c in pattern))


def _joined(value: Iterable[Part], between: str, quoted: Callable[[str], str], variable: str) -> str:
    return between.join(variable.format(part.name) if part.name else quoted(part.text) for part in value)


def _checks(running: Running) -> Iterator[tuple[bool, str, str]]:
    for step in running.steps:
        name, by = step.operation.module, " ".join(f"{step.by}: {step.why}".split())
        if step.operation.kind == "unload":
            yield False, name, f"{name} must not be loaded ({by})"
        elif step.operation.kind != "use":
            yield True, name, f"{name} is not loaded ({by})"
    for pattern, who in running.forbidden:
        yield False, pattern, f"{pattern} must not be loaded ({' '.join(who.split())})"


def _whatis(running: Running) -> str:
    names = ", ".join(f"{one.name} {one.version}" for one in running.packages)
    return f"pybuild: {names} in {running.prefix}"


def _help(running: Running) -> Iterator[str]:
    """Yield what ``module help`` shows, a line at a time."""
    yield f"Python environment {running.prefix}"
    for one in running.packages:
        yield f"  {one.name} {one.version}, built for site {one.site}, proven: {one.level}"
    if running.conda:
        yield f"It has scripts that only this runs: conda activate {running.prefix}"
    if running.steps or running.folders:
        yield "Loading it changes other modules as well; unloading it does not bring the earlier ones back."
    yield "Made by pybuild env modulefile; make it again when packages of the prefix change."


def _tag(running: Running) -> str:
    return sha256(running.prefix.encode()).hexdigest()[:8]


def _demand_text(text: str) -> str:
    if "\0" in text:
        raise PlanError(f"no variable can hold a NUL character: {text!r}")
    return text
