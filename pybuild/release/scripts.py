"""The scripts and modulefiles of a stack, written to where ``plan.stack_scripts`` says they belong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pybuild.files import replace_file
from pybuild.model.stack import Stack
from pybuild.plan.stack_scripts import release_modulefiles, release_scripts, root_scripts
from pybuild.prefix.scripts import running_of
from pybuild.release.policy import Policy, apply

MODULES = "modulefiles"


def write_release_scripts(stack: Stack, prefix: Path) -> None:
    """Let a release say how it is activated; the stack's variables are part of that.

    Raises:
        PlanError: packages that cannot run in one shell, or a value that no shell can hold.
        OSError: they cannot be written.
    """
    _write(prefix, release_scripts(stack, running_of(prefix)))


def write_root_scripts(stack: Stack, prefix: Path, policy: Policy) -> None:
    """Write what stands beside ``current``, and the modulefile of a release that is about to be in service.

    Raises:
        PlanError: a value that no module can hold.
        OSError: they cannot be written.
    """
    root = Path(stack.root)
    texts = {**release_modulefiles(stack, running_of(prefix), prefix.name), **root_scripts(stack)}
    _write(root, texts)
    for name in texts:
        apply(root / name, policy, deep=False)
    if (root / MODULES).is_dir():
        apply(root / MODULES, policy)


def remove_modulefiles(stack: Stack, release: str) -> None:
    """Remove the modulefiles of a release that is gone.

    Raises:
        OSError: they cannot be removed.
    """
    for path in (Path(stack.root) / MODULES / stack.name).glob(f"{release}*"):
        if path.name in (release, f"{release}.lua"):
            path.unlink()


def _write(top: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            replace_file(path, text, safe=True)
