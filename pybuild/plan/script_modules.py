"""The module part of a script: a shell made from nothing, the baseline, and checked operations."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from pybuild.model.modules import ModulePlan, ModuleStep

# The module command says little about failure: what is loaded afterwards is what counts.
_HEAD = """\

# Everything below runs in a shell made from nothing: what you have loaded or exported changes nothing.
if [ -z "${{PYBUILD_CLEAN:-}}" ]; then
  exec env -i PYBUILD_CLEAN=1 HOME=/nonexistent USER="${{USER:-}}" PATH={path} LC_ALL=C.UTF-8 {env}\\
    bash --noprofile --norc "$0"
fi
loaded() {{
  case ":${{LOADEDMODULES:-}}:" in *":$1:"*|*":$1/"*) ;; *) echo "not loaded: $1" >&2; return 9 ;; esac
}}
gone() {{
  case ":${{LOADEDMODULES:-}}" in *:$1*) echo "still loaded: $1" >&2; return 9 ;; esac
}}
set +eu
"""


def shell_from_nothing(modules: ModulePlan) -> str:
    """Return the lines that begin a script: start again without the user's environment, load the baseline."""
    env = "".join(f"{name}={shlex.quote(value)} " for name, value in modules.env)
    path = shlex.quote(":".join(modules.path) or "/usr/bin:/bin")
    lines = [_HEAD.format(path=path, env=env).rstrip()]
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
            yield f"module {shlex.join(step.words)}" if step.words else _unload(step.operation.module)
    yield "set -eu"
    checks = [line for step in modules.steps for line in _check(step)]
    checks += [f"gone {shlex.quote(pattern)}" for pattern, _ in modules.forbidden]
    yield from dict.fromkeys(checks)


def _unload(pattern: str) -> str:
    """Return a line that unloads what a pattern names: another module may have brought it."""
    quoted = "*".join(shlex.quote(part) if part else "" for part in pattern.split("*"))
    found = f'case "$each" in {quoted}|{quoted}/*) module unload "$each" ;; esac'
    return f"for each in ${{LOADEDMODULES//:/ }}; do {found}; done"


def _check(step: ModuleStep) -> Iterator[str]:
    operation = step.operation
    if operation.kind == "unload":
        yield f"gone {shlex.quote(operation.module)}"
    elif operation.kind != "use":
        yield f"loaded {shlex.quote(operation.module)}"
