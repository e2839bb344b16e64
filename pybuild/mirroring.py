"""Everything that plans need, gathered into one folder that serves a machine without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pybuild.fetch.mirror_folder import MirrorFolder
    from pybuild.model.plan import Download, Plan
    from pybuild.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a run did to a mirror.

    Attributes:
        added: names of files that were fetched now.
        kept: how many were there, and are right.
    """

    folder: str
    added: tuple[str, ...]
    kept: int


def fill_mirror(
    plans: Sequence[Plan], folder: Path, settings: Settings, *, more: Sequence[Download] = ()
) -> Filled:
    """Bring into a folder every file that the plans need, built from source or not; go on where it stopped.

    Args:
        more: files besides those of the plans.

    Raises:
        FetchError, ChecksumError: a file cannot be had; what came before it is kept.
    """
    added: dict[str, None] = {}
    kept: set[str] = set()
    with _filling(folder, settings) as mirror:
        for plan in plans:
            wanted = {**dict(_wanted(plan, mirror)), **dict.fromkeys(more, "sources")}
            lacking = {d: below for d, below in wanted.items() if not mirror.has(d.file, d.sha256, below)}
            kept |= {d.sha256 for d in wanted if d not in lacking and d.file not in added}
            added |= dict.fromkeys(_bring(lacking.items(), plan, mirror, settings))
        mirror.write_index()
        for channel in mirror.make_channels():
            _index(channel)
    return Filled(folder=str(folder), added=tuple(added), kept=len(kept))


@contextmanager
def _filling(folder: Path, settings: Settings) -> Iterator[MirrorFolder]:
    """Give the mirror in a folder, while nobody else fills it."""
    from pybuild.fetch.mirror_folder import MirrorFolder, make_mirror, refused
    from pybuild.locks import held

    make_mirror(folder)
    with ExitStack() as stack:
        try:
            stack.enter_context(
                held(folder / ".lock", waiting=lambda owner: settings.report.note(f"waiting for {owner}"))
            )
        except OSError as error:
            raise refused(folder, error) from None
        yield MirrorFolder(folder)


def _wanted(plan: Plan, mirror: MirrorFolder) -> Iterator[tuple[Download, str]]:
    """Yield each file of a plan with the folder of the mirror that it belongs to."""
    from pybuild.sources import downloads_of

    for package in plan.packages:
        below = "sources"
        if package.action == "conda" and package.file:
            address, subdir, _ = package.file.rsplit("/", 2)
            below = f"{mirror.channel_for(address)}/{subdir}"
        for download in downloads_of(package):
            yield download, below


def _bring(
    lacking: Iterable[tuple[Download, str]], plan: Plan, mirror: MirrorFolder, settings: Settings
) -> Iterator[str]:
    from pybuild.sources import gatherer

    gather = gatherer(plan, settings)
    lacking = list(lacking)
    # All at once says at once what is missing, where nothing may be fetched.
    for sha256, path in gather.each([download for download, _ in lacking]):
        download, below = next(row for row in lacking if row[0].sha256 == sha256)
        mirror.add(path, download.file, sha256, below)
        yield download.file


def _index(channel: Path) -> None:
    """Write what a folder of foreign packages holds, so that a solver can take it for a channel."""
    from pybuild.channel.modes import write_whole
    from pybuild.channel.repodata import FILE, read_rows, repodata, row_of

    for folder in sorted(path for path in channel.iterdir() if path.is_dir()):
        file = folder / FILE
        known = read_rows(file.read_bytes() if file.exists() else None)
        packages = [path for path in sorted(folder.iterdir()) if path.name.endswith((".conda", ".tar.bz2"))]
        rows = {}
        for path in packages:
            row = known.get(path.name)
            same = row is not None and row.get("size") == path.stat().st_size
            rows[path.name] = row if row is not None and same else row_of(path)
        write_whole(file, repodata(folder.name, rows))
