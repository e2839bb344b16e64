"""The prefix's Python: whether it runs, in this shell and in an empty one, and where it would import from."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pybuild.checkup.state import Prefix
from pybuild.model.finding import Finding
from pybuild.process import Captured, capture

_ASK = (
    "import json, site, sys; "
    "print('\\n' + json.dumps([sys.path[1:], site.getusersitepackages() if site.ENABLE_USER_SITE else '']))"
)
_SUSPECTS = ("PYTHONHOME", "PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONUSERBASE")
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where the prefix's Python looks for modules in a shell.

    Attributes:
        folders: in order.
        user: the user's own folder of packages, ``""`` where it is left out.
    """

    folders: tuple[str, ...] = ()
    user: str = ""


def search_of(prefix: Prefix, environ: Mapping[str, str]) -> Search | None:
    """Return where the prefix's Python looks for modules in a shell, None where it does not run in it."""
    # What the user's own start-up files import must not start MPI here.
    answer = _run(prefix, {**environ, "MPI4PY_RC_INITIALIZE": "0"}, "-c", _ASK)
    try:
        folders, user = json.loads(answer.out.strip().splitlines()[-1])
        return Search(folders=tuple(map(str, folders)), user=str(user)) if answer.code == 0 else None
    except (ValueError, IndexError, TypeError):
        return None


def python_runs(prefix: Prefix, search: Search | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield that the prefix has no Python, or one that does not run.

    Args:
        search: as :func:`search_of` found it in this shell.
    """
    names = " ".join(str(note["name"]) for note in prefix.ours if note["requested"])
    anew = f"pybuild install {names or 'SPEC'} -p {shlex.quote(f'{prefix.path}-new')}"
    if (
        not any(name == "python" for name, _, _ in prefix.records)
        or not (prefix.path / "bin/python").exists()
    ):
        yield Finding(
            check="python", level="wrong", what=f"{prefix.path} has no Python",
            why="nothing of it can run, and pybuild installs nothing into such a prefix",
            cure=anew if prefix.ours else f"conda install -p {shlex.quote(str(prefix.path))} python",
        )  # fmt: skip
    elif search is None:
        alone = _run(prefix, {"PATH": "/usr/bin:/bin"}, "-E", "-s", "-c", "pass")
        yield _stopped(prefix, alone, environ, anew)


def _stopped(prefix: Prefix, alone: Captured, environ: Mapping[str, str], anew: str) -> Finding:
    program = prefix.path / "bin/python"
    if alone.code:
        last = (alone.err.strip().splitlines() or [f"exit code {alone.code}"])[-1]
        return Finding(
            check="python", level="wrong", what=f"{program} does not run: {last}",
            why="nothing of the prefix can run", cure=anew,
        )  # fmt: skip
    suspects = [name for name in _SUSPECTS if environ.get(name)]
    return Finding(
        check="python", level="wrong", what=f"{program} runs, but not in this shell",
        why=f"a variable keeps it from starting; set are {', '.join(suspects) or 'none of the usual ones'}",
        cure=f"unset {suspects[0]}" if suspects else f"env -i {shlex.quote(str(program))}",
    )  # fmt: skip


def _run(prefix: Prefix, environ: Mapping[str, str], *words: str) -> Captured:
    return capture((str(prefix.path / "bin/python"), *words), env=environ, timeout=_PATIENCE)
