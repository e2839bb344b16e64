"""A modulefile in Tcl, with what Environment Modules 3.2 know already.

They have no command that brings an old value back: it waits in a variable of its own until the unloading,
and ``unsetenv`` with a value brings it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from pybuild.model.modules import ModuleStep
from pybuild.plan.modulefile_parts import PLAIN, demand_text, help_lines, joined, whatis
from pybuild.plan.running import Running, module_checks

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


def tcl_quoted(text: str) -> str:
    """Return a word of Tcl, also inside braces, that is read as ``text``."""
    return '"' + "".join(c if PLAIN.match(c) else _octal(c) for c in demand_text(text)) + '"'


def tcl_lines(running: Running) -> Iterator[str]:
    """Yield the lines of the modulefile."""
    yield "#%Module1.0"
    yield "proc ModulesHelp {} {"
    yield from (f"    puts stderr {tcl_quoted(line)}" for line in help_lines(running))
    yield "}"
    yield f"module-whatis {tcl_quoted(whatis(running))}"
    yield _TCL
    yield "if {[module-info mode load]} {"
    yield from (f"    pybuild_use {tcl_quoted(folder.rstrip('/'))}" for folder in reversed(running.folders))
    yield from (f"    {_step(step)}" for step in running.steps)
    for wanted, pattern, sentence in module_checks(running):
        words = f"{int(wanted)} {tcl_quoted(pattern)} {tcl_quoted(sentence)}"
        yield f"    if {{![pybuild_check {words}]}} {{ break }}"
    yield "}"
    for one in running.settings:
        keep = f"__PYBUILD_{_tag(running)}_{one.name}"
        value = f"[pybuild_joined {joined(one.value, ' ', tcl_quoted, '[pybuild_env {}]')}]"
        yield {
            "set": f"pybuild_set {one.name} {keep} {value}",
            "unset": f"pybuild_unset {one.name} {keep}",
            "prepend": f"prepend-path {one.name} {value}",
        }[one.kind]
    yield f"prepend-path PATH {tcl_quoted(running.prefix + '/bin')}"


def _step(step: ModuleStep) -> str:
    name, old = tcl_quoted(step.operation.module.rstrip("/")), tcl_quoted(step.operation.old)
    members = " ".join(map(tcl_quoted, step.members))
    return {
        "load": f"pybuild_load {name}",
        "unload": f"pybuild_unload {name}",
        "swap": f"pybuild_choose {name} [list {old}]",
        "choose": f"pybuild_choose {name} [list {members}]",
        "use": f"pybuild_use {name}",
    }[step.operation.kind]


def _tag(running: Running) -> str:
    return sha256(running.prefix.encode()).hexdigest()[:8]


def _octal(character: str) -> str:
    return f"\\{ord(character):03o}"
