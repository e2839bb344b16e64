"""A modulefile in Lua, for Lmod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.model.modules import ModuleStep
from pybuild.plan.modulefile_parts import PLAIN, demand_text, help_lines, joined, whatis
from pybuild.plan.running import Running, module_checks

_WORD = re.compile(r"[A-Za-z0-9]")

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


def lua_quoted(text: str) -> str:
    """Return a string of Lua that is read as ``text``."""
    return '"' + "".join(c if PLAIN.match(c) else f"\\{ord(c):03d}" for c in demand_text(text)) + '"'


def lua_lines(running: Running) -> Iterator[str]:
    """Yield the lines of the modulefile."""
    yield f"help({lua_quoted(chr(10).join(help_lines(running)))})"
    yield f"whatis({lua_quoted(whatis(running))})"
    yield _LUA
    yield 'if mode() == "load" then'
    yield from (f"   use({lua_quoted(folder.rstrip('/'))})" for folder in reversed(running.folders))
    yield from (f"   {_step(step)}" for step in running.steps)
    for wanted, pattern, sentence in module_checks(running):
        found = f"#matching({{{_pattern(pattern)}}}) > 0"
        yield f"   check({str(wanted).lower()}, {found}, {lua_quoted(sentence)})"
    yield "end"
    for one in running.settings:
        value = joined(one.value, " .. ", lua_quoted, '(os.getenv("{}") or "")') or '""'
        if one.kind == "prepend":
            yield f'prepend_path("{one.name}", {value})'
        else:
            yield f'pushenv("{one.name}", {"false" if one.kind == "unset" else value})'
    yield f'prepend_path("PATH", {lua_quoted(running.prefix + "/bin")})'


def _step(step: ModuleStep) -> str:
    name = lua_quoted(step.operation.module.rstrip("/"))
    members = ", ".join(map(_pattern, step.members))
    return {
        "load": f"load_one({name})",
        "unload": f"unload_all({_pattern(step.operation.module)})",
        "swap": f"choose({name}, {{{_pattern(step.operation.old)}}})",
        "choose": f"choose({name}, {{{members}}})",
        "use": f"use({name})",
    }[step.operation.kind]


def _pattern(pattern: str) -> str:
    """Return a module pattern as one of Lua's, which knows no ``*`` and has magic characters of its own."""
    special = {"*": ".*", "?": "."}
    return lua_quoted("".join(special.get(c) or (c if _WORD.match(c) else f"%{c}") for c in pattern))
