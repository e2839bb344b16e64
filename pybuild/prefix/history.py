"""conda's own memory of a prefix, kept so that conda does not undo what pybuild did.

Without an entry in ``conda-meta/history`` conda believes that nobody asked for a package and
``conda update --all`` removes it; without a line in ``conda-meta/pinned`` it is replaced by a newer
build that does not know the site's MPI (tried with conda 26.7; see docs/architecture.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pybuild.files import replace_file
from pybuild.prefix import places


def add_history(
    prefix: Path,
    *,
    command: str,
    added: Iterable[str],
    removed: Iterable[str] = (),
    update: Iterable[str] = (),
    remove: Iterable[str] = (),
    now: datetime | None = None,
) -> None:
    """Append one block to ``conda-meta/history``.

    Args:
        added, removed: packages as ``channel/subdir::name-version-build``.
        update, remove: specs that were asked for, as conda writes them.

    Raises:
        OSError: the file cannot be written.
    """
    when = (now or datetime.now()).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ005  conda writes local time
    # conda reads lines of UTF-8; names of files need be neither.
    said = command.encode("utf-8", "backslashreplace").decode("utf-8").replace("\n", "\\n")
    lines = [f"==> {when} <==", f"# cmd: {said}"]
    lines += [f"-{package}" for package in sorted(removed)]
    lines += [f"+{package}" for package in sorted(added)]
    for word, specs in (("update", sorted(update)), ("remove", sorted(remove))):
        if specs:
            lines.append(f"# {word} specs: {json.dumps(specs)}")
    path = places.meta(prefix) / "history"
    old = path.read_text("utf-8") if path.exists() else ""
    replace_file(path, old + "\n".join(lines) + "\n", safe=True)


def set_pins(prefix: Path, *, pin: Iterable[tuple[str, str, str]], drop: Iterable[str] = ()) -> None:
    """Pin packages to exactly the build that was installed, and drop pins of others.

    Args:
        pin: (name, version, build) of each package to pin; an older pin of the same name goes.
        drop: names whose pins go; lines that pybuild did not write stay.

    Raises:
        OSError: the file cannot be written.
    """
    path = places.meta(prefix) / "pinned"
    old = path.read_text().splitlines() if path.exists() else []
    new = {name: f"{name} {version} {build}" for name, version, build in pin}
    gone = {*new, *drop}
    lines = [line for line in old if not _is_ours(line, gone)] + [new[name] for name in sorted(new)]
    if lines != old:
        replace_file(path, "".join(f"{line}\n" for line in lines), safe=True)


def _is_ours(line: str, names: set[str]) -> bool:
    """Return whether pybuild wrote this pin: three words, the last a build with a key in it."""
    words = line.split()
    return len(words) == 3 and words[0] in names and re.search(r"_h[0-9a-f]{12}_\d+$", words[2]) is not None
