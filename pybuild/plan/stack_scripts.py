"""The scripts and modulefiles of a stack: one set for its root, one for each release.

A shell that sources ``<root>/activate`` reads the link ``current`` once and then sources the script of that
release by the release's own path, so a later switch does not change the shell. The same holds for modules:
``<root>/modulefiles/<stack>`` has one modulefile for each release, and a file that tells the module tool
which of them ``current`` names. So one rename of one link switches shells, jobs and modules together, and no
file but that link is touched.

Whoever deploys writes ``root_scripts`` once (they depend on nothing but name and root), ``release_scripts``
into each release, and ``release_modulefiles`` below the root before the switch; ``prune`` removes the latter
by the same names. Files are read by everybody who may read the stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pybuild.model.stack import Stack
from pybuild.plan.modulefile import modulefile
from pybuild.plan.modulefile_tcl import tcl_quoted
from pybuild.plan.prefix_scripts import HOME, PROGRAM_FILE, csh_starter, prefix_scripts
from pybuild.plan.running import Part, Running, Setting
from pybuild.plan.shells import Fish, Posix

FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE")
"""Variables by which a Python takes packages or code from elsewhere; no stack depends on its user's."""


def root_scripts(stack: Stack) -> Mapping[str, str]:
    """Return path below the root -> text: ``activate`` in three languages, and the modules' default.

    Needed of the stack: ``name`` and ``root``.
    """
    folder = f"modulefiles/{stack.name}"
    return {
        "activate": _posix(stack),
        "activate.csh": _csh(stack),
        "activate.fish": _fish(stack),
        f"{folder}/.modulerc": _modulerc(stack),
    }


def release_scripts(stack: Stack, running: Running) -> Mapping[str, str]:
    """Return path below the release -> text: everything that the release's own scripts are.

    They replace those that installing left there, and set the stack's variables as well; ``conda activate``
    of the release does the same.

    Args:
        running: of the release (``pybuild.prefix.scripts.running_of``); ``prefix`` is its final path.

    Raises:
        PlanError: a value that no shell can hold.
    """
    return prefix_scripts(of_stack(stack, running))


def release_modulefiles(stack: Stack, running: Running, release: str) -> Mapping[str, str]:
    """Return path below the root -> text: the modulefile of one release, in Tcl and in Lua.

    Args:
        release: its name, which becomes the module's version.

    Raises:
        PlanError: a value that no module can hold.
    """
    whole = of_stack(stack, running)
    path = f"modulefiles/{stack.name}/{release}"
    return {path: modulefile(whole, "tcl"), f"{path}.lua": modulefile(whole, "lua")}


def of_stack(stack: Stack, running: Running) -> Running:
    """Return what a release needs to run, with the variables of its stack; the stack's own come last."""
    own = [
        *(Setting(kind="unset", name=name) for name in FOREIGN),
        Setting(kind="set", name="PYTHONNOUSERSITE", value=(Part(text="1"),)),
        *(Setting(kind="set", name=n, value=(Part(text=v),) if v else ()) for n, v in stack.environment),
    ]
    last = {setting.name: setting for setting in own}
    kept = tuple(setting for setting in running.settings if setting.name not in last)
    return replace(running, settings=(*kept, *last.values()))


_ONCE = "made by pybuild: current is looked at once, so this shell keeps its release when another is deployed"


def _posix(stack: Stack) -> str:
    root, quote = stack.root, Posix().quote
    lost = quote(f"pybuild: {root}/current: no release is in service")
    return f"""\
# {_ONCE}
if [ -d {quote(f"{root}/current")} ]; then
    . {quote(root)}/"$(/usr/bin/readlink {quote(f"{root}/current")})"/{HOME}/activate.sh
else
    printf '%s\\n' {lost} >&2
    false
fi
"""


def _csh(stack: Stack) -> str:
    program = f'$__PYBUILD_START/$(/usr/bin/readlink "$__PYBUILD_START/current")/{PROGRAM_FILE}'
    lost = f"pybuild: {stack.root}/current: no release is in service"
    return f"# {_ONCE}\n{csh_starter(stack.root, program, 'activate csh own', lost)}"


def _fish(stack: Stack) -> str:
    root, quote = stack.root, Fish().quote
    return f"""\
# {_ONCE}
if test -d {quote(f"{root}/current")}
    source {quote(root)}/(/usr/bin/readlink {quote(f"{root}/current")})/{HOME}/activate.fish
else
    echo {quote(f"pybuild: {root}/current: no release is in service")} >&2
    false
end
"""


def _modulerc(stack: Stack) -> str:
    link = tcl_quoted(f"{stack.root}/current")
    return f"""\
#%Module1.0
# made by pybuild: the default is the release in service
if {{![catch {{file tail [file readlink {link}]}} release]}} {{
    module-version {stack.name}/$release default
}}
"""
