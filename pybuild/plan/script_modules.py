"""The module part of a script: a shell made from nothing, the baseline, and checked operations."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pybuild.model.modules import ModulePlan, matches

# The module command says little about failure: what is loaded afterwards is what counts.
_HEAD = """\

# Everything below runs in a shell made from nothing: what you have loaded or exported changes nothing.
if [ "${{1:-}}" != clean ]; then
  [ -f "$0" ] || {{ echo "save this script as a file, and run that" >&2; exit 2; }}
  kept=()
  for each in $(compgen -e); do
    case "$each" in {kept}) kept+=("$each=${{!each}}") ;; esac
  done
  exec env -i "${{kept[@]}}" HOME=/nonexistent USER="${{USER:-}}" PATH={path} LC_ALL=C.UTF-8 {env}\\
    bash --noprofile --norc "$0" clean
fi
loaded() {{
  case ":${{LOADEDMODULES:-}}:" in *":$1:"*|*":$1/"*) ;; *) echo "not loaded: $1" >&2; return 9 ;; esac
}}
gone() {{
  case ":${{LOADEDMODULES:-}}:" in *:$1:*|*:$1/*) echo "still loaded: $1" >&2; return 9 ;; esac
}}
set +eu
"""

# What says that this is a job, and what reaches the network and finds room.
_KEPT = "SLURM_*|PBS_*|PALS_*|PMI_*|COBALT_*|LSB_*|*_proxy|*_PROXY|SSL_CERT_FILE|SSL_CERT_DIR|TMPDIR"


def shell_from_nothing(modules: ModulePlan) -> str:
    """Return the lines that begin a script: start again without the user's environment, load the baseline."""
    env = "".join(f"{name}={shlex.quote(value)} " for name, value in modules.env)
    path = shlex.quote(":".join(modules.path) or "/usr/bin:/bin")
    lines = [_HEAD.format(path=path, env=env, kept=_KEPT).rstrip()]
    lines += [f"source {shlex.quote(file)}" for file in modules.init]
    lines += [f"module use {shlex.quote(folder)}" for folder in reversed(modules.folders)]
    if modules.baseline:
        names = " ".join(shlex.quote(module) for module in modules.baseline)
        lines += [
            f"baseline=({names})",
            'for each in "${baseline[@]}"; do loaded "$each" 2>/dev/null || module load "$each"; done',
            'for each in "${baseline[@]}"; do loaded "$each" || exit 9; done',
        ]
    return "\n".join([*lines, "set -eu", ""])


def operations(modules: ModulePlan) -> Iterator[str]:
    """Yield the operations as a person types them, each under its reason, and then what must hold."""
    yield "set +eu"
    told = ""
    for step in modules.steps:
        if step.words or step.operation.kind == "unload":
            if step.by != told:
                yield f"# {step.by}: {' '.join(step.why.split())}"
            told = step.by
            if step.words:
                yield f"module {shlex.join(step.words)}"
            if step.operation.kind == "unload" and ("*" in step.operation.module or not step.words):
                yield _unload(step.operation.module)
    yield "set -eu"
    yield from _checks(modules)


def _unload(pattern: str) -> str:
    """Return a line that unloads what a pattern names: another module may have brought it."""
    quoted = "*".join(shlex.quote(part) if part else "" for part in pattern.split("*"))
    found = f'case "$each" in {quoted}|{quoted}/*) module unload "$each" ;; esac'
    return f"for each in ${{LOADEDMODULES//:/ }}; do {found}; done"


def _checks(modules: ModulePlan) -> Iterator[str]:
    """Yield what must hold after the last step: what one step brought, a later one may have taken away."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for step in modules.steps:
        operation, name = step.operation, step.operation.module
        if operation.kind == "use":
            continue
        if operation.kind == "unload":
            wanted = [one for one in wanted if not matches(one, name)]
            unwanted = [*(one for one in unwanted if one != name), name]
            continue
        rivals = (operation.old,) if operation.kind == "swap" else step.members
        wanted = [one for one in wanted if one != name and not any(matches(one, r) for r in rivals)]
        wanted.append(name)
        unwanted = [one for one in unwanted if not matches(name, one)]
    yield from (f"loaded {shlex.quote(name)}" for name in wanted)
    yield from (f"gone {shlex.quote(name)}" for name in dict.fromkeys((*unwanted, *_patterns(modules))))


def _patterns(modules: ModulePlan) -> Iterator[str]:
    return (pattern for pattern, _ in modules.forbidden)
