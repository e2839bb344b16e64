"""Commands that make the user's shell one in which a prefix runs: printed here, evaluated there.

What has to be done depends on what is loaded when the shell evaluates it. Shells differ most in exactly
that, so one small POSIX script looks at ``LOADEDMODULES`` and prints ``module`` commands, which each shell
then evaluates in its own way.
"""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.errors import UsageError
from pybuild.model.modules import ModuleStep
from pybuild.plan.running import Part, Running, module_checks, names_in
from pybuild.plan.shells import SHELLS, Shell

# Words: kind, module or folder, the same as the shell quotes it, then old module or patterns.
# One line, no single quotes and no exclamation marks: csh would see them. What is loaded is evaluated again
# by the user's shell, so characters that no module's name has become harmless ones.
_OPERATE = """
kind=$1; raw=$2; word=$3; shift 3;
say() { printf "%s;\\n" "$*"; };
matching() {
  found=; rest=$(printf "%s:" "${LOADEDMODULES-}" | LC_ALL=C tr -c A-Za-z0-9_.+/@=,~:- _);
  while test -n "$rest"; do
    one=${rest%%:*}; rest=${rest#*:}; name=$one;
    while test -n "$name"; do
      for pattern do case $name in $pattern) found="$one $found"; break 2 ;; esac; done;
      case $name in */*) name=${name%/*} ;; *) name= ;; esac;
    done;
  done;
  test -n "$found";
};
choose() {
  if test $# = 0; then say module load "$word"; return; fi;
  first=$1; shift;
  for one do say module unload "$one"; done;
  say module swap "$first" "$word";
};
case $kind in
  load) matching "$raw" || say module load "$word" ;;
  unload) matching "$raw"; for one in $found; do say module unload "$one"; done ;;
  swap) if matching "$1"; then choose $found; else matching "$raw" || say module load "$word"; fi ;;
  choose) matching "$raw" || { matching "$@"; choose $found; } ;;
  use) case "${MODULEPATH-}:" in
    "$raw":* | "$raw"/:*) ;;
    *":$raw:"* | *":$raw/:"*) say module unuse "$word"; say module use "$word" ;;
    *) say module use "$word" ;;
  esac ;;
esac
"""

# Triples of words: what is looked at, its name, the sentence that is said when it is not so.
_CHECK = """
bad=0;
no() { printf "%s\\n" "pybuild: $1" >&2; bad=1; };
while test $# -gt 2; do
  case $1 in
    set) eval "test -n \\"\\${$2+set}\\"" || no "$3" ;;
    loaded) case ":${LOADEDMODULES-}:" in *":$2:"* | *":$2/"*) ;; *) no "$3" ;; esac ;;
    gone) rest=${LOADEDMODULES-}:;
      while test -n "$rest"; do
        one=${rest%%:*}; rest=${rest#*:};
        case $one in $2 | $2/*) no "$3 (loaded: $one)" ;; esac;
      done ;;
  esac;
  shift 3;
done;
exit $bad
"""


def activation(running: Running, shell: str) -> str:
    """Return the commands; the last one fails, and says why, where something is not as it must be.

    Raises:
        UsageError: no such shell.
        PlanError: a value that the shell cannot hold.
    """
    if shell not in SHELLS:
        raise UsageError(f"no shell is called {shell!r} here", hint=f"--shell {', '.join(SHELLS)}")
    return "\n".join([*_lines(running, SHELLS[shell]), ""])


def _lines(running: Running, shell: Shell) -> Iterator[str]:
    names = ", ".join(f"{one.name} {one.version}" for one in running.packages)
    yield shell.comment(f"made by pybuild for {names} in {running.prefix}")
    if running.folders or running.steps:
        yield from shell.begin(_one_line(_OPERATE), running.init)
        for folder in reversed(running.folders):
            yield shell.operate(("use", folder.rstrip("/"), shell.quote(folder.rstrip("/"))))
        yield from _operations(running, shell)
        yield shell.end()
    for one in running.settings:
        value = None if one.kind == "unset" else one.value
        yield from shell.lines(one.name, value, prepend=one.kind == "prepend")
    if running.conda:
        yield shell.comment(
            f"then: conda activate {running.prefix} (packages there have scripts of their own)"
        )
    else:
        yield from shell.lines("PATH", (Part(text=f"{running.prefix}/bin"),), prepend=True)
    words = [word for check in _checks(running) for word in check]
    if words:
        line = " ".join(shell.quote(word) for word in ("/bin/sh", "-c", _one_line(_CHECK), "pybuild", *words))
        yield line


def _operations(running: Running, shell: Shell) -> Iterator[str]:
    told = ""
    for step in running.steps:
        if step.by != told:
            yield shell.comment(f"{step.by}: {step.why}")
        told = step.by
        yield shell.operate(_words(step, shell))


def _words(step: ModuleStep, shell: Shell) -> tuple[str, ...]:
    operation = step.operation
    name = operation.module.rstrip("/") if operation.kind == "use" else operation.module
    more = {"swap": (operation.old,), "choose": step.members}.get(operation.kind, ())
    return (operation.kind, name, shell.quote(name), *more)


def _checks(running: Running) -> Iterator[tuple[str, str, str]]:
    for loaded, name, sentence in module_checks(running):
        yield "loaded" if loaded else "gone", name, sentence
    for name, user in names_in(running).items():
        yield "set", name, f"{name} is not set, from which {user} is made"


def _one_line(script: str) -> str:
    return " ".join(script.split())
