"""A conda channel on disk that holds built packages: pybuild's binary cache.

Its key index (:mod:`pybuild.channel.keys`) answers every lookup with one file. Beside each package,
``<subdir>/.pybuild/<stem>.json`` says the same of that package alone: the index is made anew from these
where it is missing, as in channels of older releases, and a builder that was killed in between finds them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pybuild.channel import keys
from pybuild.channel.keys import Row
from pybuild.channel.modes import like_folder, make_folder, write_whole
from pybuild.errors import ChannelError
from pybuild.model.machine import ChannelPackage


def find_packages(channel: str, subdir: str, names: Iterable[str]) -> tuple[ChannelPackage, ...]:
    """Return what the channel's index has of the named packages; nothing where there is no channel yet.

    Whether their files are still there is for whoever takes one.

    Args:
        channel: absolute path.
        subdir: ``linux-64``.

    Raises:
        ChannelError: the channel cannot be read.
    """
    return tuple(_package(row, channel, subdir) for row in read_rows(channel, subdir, set(names)))


def read_rows(channel: str, subdir: str, names: Collection[str] | None = None) -> tuple[Row, ...]:
    """Return the rows of the channel's index, of some names or of all.

    Raises:
        ChannelError: the channel cannot be read.
    """
    folder = Path(channel, subdir, keys.FOLDER)
    try:
        found = keys.parse((folder / keys.FILE).read_bytes(), names)
    except (FileNotFoundError, NotADirectoryError):
        found = None
    except OSError as error:
        raise ChannelError(f"{folder / keys.FILE}: cannot be read: {error.strerror}") from error
    return found.rows if found is not None else tuple(_from_side_files(folder, names))


def find_one(channel: str, subdir: str, name: str, version: str, build: str) -> ChannelPackage | None:
    """Return one package if it is there by now, whether or not the index knows it yet.

    Raises:
        ChannelError: the channel cannot be written, where the index has to be mended.
    """
    row = _read(Path(channel, subdir, keys.FOLDER, f"{name}-{version}-{build}.json"))
    if row is None or not os.path.isfile(Path(channel, subdir, f"{row.stem}.conda")):
        return None
    if row not in read_rows(channel, subdir, {name}):
        with changing(channel, subdir) as change:
            change.add(row)
    return _package(row, channel, subdir)


def demand_writable(channel: str, subdir: str) -> None:
    """Make the channel's folders and check that packages can be put there.

    Raises:
        ChannelError: they cannot.
    """
    folder = Path(channel, subdir, keys.FOLDER)
    try:
        Path(channel).mkdir(parents=True, exist_ok=True)
        parts = (folder.parent, folder, Path(channel, "noarch"))
        for path in parts:
            make_folder(path)
    except OSError as error:
        raise unwritable(channel, error.strerror or str(error)) from error
    if not all(os.access(path, os.W_OK | os.X_OK) for path in (channel, *parts)):
        raise unwritable(channel, "permission denied")


def put(channel: str, subdir: str, package: ChannelPackage) -> ChannelPackage:
    """Move a freshly packed file into the channel, first the file, then what makes it findable.

    Where another of its name came first, ours goes and that one is returned: who has installed it must find
    the same bytes again. All of it happens under the index's lock, so that file and row are of one build.

    Args:
        package: ``file`` names the packed file, on the same file system as the channel.

    Raises:
        ChannelError: the channel cannot be written.
    """
    row = row_of(package)
    target = Path(channel, subdir, f"{row.stem}.conda")
    try:
        like_folder(Path(package.file), target.parent)
        with open(package.file, "rb") as packed:
            os.fsync(packed.fileno())  # else a node that dies leaves half a file behind a row
        with changing(channel, subdir) as change:
            earlier = change.find(row.stem)
            if earlier is not None and target.is_file():
                os.unlink(package.file)
                return _package(earlier, channel, subdir)
            os.replace(package.file, target)
            write_whole(target.parent / keys.FOLDER / f"{row.stem}.json", side_file(row))
            change.add(row)
    except OSError as error:
        raise unwritable(channel, error.strerror or str(error)) from error
    return _package(row, channel, subdir)


def remove(channel: str, subdir: str, rows: Collection[Row]) -> None:
    """Take packages out: first what makes them findable, then the files; what comes back meanwhile stays.

    Raises:
        ChannelError: the channel cannot be written.
    """
    folder = Path(channel, subdir)
    try:
        with changing(channel, subdir) as change:
            change.drop(rows)
        with changing(channel, subdir) as change:  # nobody puts a package of the same name there now
            going = [row.stem for row in rows if change.find(row.stem) is None]
            publish(channel, subdir, going={f"{stem}.conda" for stem in going})
            for stem in going:
                (folder / keys.FOLDER / f"{stem}.json").unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(channel, error.strerror or str(error)) from error


def publish(channel: str, subdir: str, going: Collection[str] = ()) -> None:
    """Write ``repodata.json`` anew, for conda and its relatives; packages that it knows are not opened.

    A file that is no package, or that we may not read, is passed over: somebody may be copying it.

    Args:
        going: names of files of ``subdir`` that are removed once the new one does not have them.

    Raises:
        ChannelError: the channel cannot be written.
    """
    from pybuild.channel.repodata import FILE, repodata
    from pybuild.channel.repodata import read_rows as parse
    from pybuild.locks import held

    # A package that was lost and built again has other bytes under its old name.
    sums = {f"{row.stem}.conda": row.sha256 for row in read_rows(channel, subdir)}
    try:
        for name in (subdir, "noarch"):
            folder = Path(channel, name)
            make_folder(folder)
            with held(Path(channel, ".index-lock")):
                file = folder / FILE
                known = parse(file.read_bytes() if file.exists() else None)
                known = {e: row for e, row in known.items() if sums.get(e) in (None, row["sha256"])}
                leaving = set(going) if name == subdir else set()
                there = {e for e in os.listdir(folder) if e.endswith((".conda", ".tar.bz2"))} - leaving
                found = {e: known.get(e) or _for_conda(folder / e) for e in there if not e.startswith(".")}
                rows = {e: row for e, row in found.items() if row is not None}
                if rows != known or not file.exists():
                    write_whole(file, repodata(name, rows))
                for e in leaving:
                    (folder / e).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(channel, error.strerror or str(error)) from error


def is_published(channel: str, subdir: str, hashes: Iterable[str]) -> bool:
    """Return whether ``repodata.json`` has packages of these SHA-256, as its text tells without being parsed.

    Raises:
        ChannelError: it cannot be read.
    """
    from pybuild.channel.repodata import FILE

    file = Path(channel, subdir, FILE)
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise ChannelError(f"{file}: cannot be read: {error.strerror}") from error
    return all(sha256.encode() in text for sha256 in hashes)


def _for_conda(file: Path) -> dict[str, Any] | None:
    """Return what conda must know of a package; None where that cannot be read."""
    from pybuild.channel.repodata import row_of

    try:
        return row_of(file)
    except ChannelError:
        return None


class Change:
    """Rows that come and go while the index is locked."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.before = rows
        self.rows = rows

    def find(self, stem: str) -> Row | None:
        """Return the package of a file name, None where there is none."""
        return next((row for row in self.rows if row.stem == stem), None)

    def add(self, *rows: Row) -> None:
        """Add packages."""
        self.rows = keys.merged(self.rows, rows)

    def drop(self, rows: Collection[Row]) -> None:
        """Take packages out."""
        self.rows = tuple(row for row in self.rows if row not in set(rows))


@contextmanager
def changing(channel: str, subdir: str) -> Iterator[Change]:
    """Hold the index's lock inside the ``with`` block, and write the index anew after it.

    Raises:
        OSError: it cannot be written.
    """
    from pybuild.locks import held

    folder = Path(channel, subdir, keys.FOLDER)
    with held(folder / f"{keys.FILE}.lock"):
        change = Change(read_rows(channel, subdir))
        yield change
        if change.rows != change.before or not (folder / keys.FILE).exists():
            write_whole(folder / keys.FILE, keys.render(change.rows, {"subdir": subdir}))


def row_of(package: ChannelPackage) -> Row:
    """Return a package as a row of the index."""
    return Row(*(getattr(package, field) for field in Row._fields))


def side_file(row: Row) -> bytes:
    """Return what stands beside a package."""
    return json.dumps(row._asdict(), indent=2).encode() + b"\n"


def unwritable(channel: str, reason: str) -> ChannelError:
    """Return the error of a channel that cannot be written."""
    full = "No space" in reason or "quota" in reason
    hint = "name another one with --channel DIR or PYBUILD_CHANNEL"
    return ChannelError(
        f"{channel}: the channel cannot be written: {reason}",
        hint=f"make room there, or {hint}" if full else hint,
    )


def _package(row: Row, channel: str, subdir: str) -> ChannelPackage:
    return ChannelPackage(**row._asdict(), file=str(Path(channel, subdir, f"{row.stem}.conda")))


def _from_side_files(folder: Path, names: Collection[str] | None) -> Iterator[Row]:
    """Yield what the files beside the packages say, of a channel that has no index."""
    try:
        entries = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ChannelError(f"{folder}: cannot be read: {error.strerror}") from error
    for entry in entries:
        if entry.endswith(".json") and (names is None or entry.rsplit("-", 2)[0] in names):
            row = _read(folder / entry)
            if row is not None and os.path.isfile(folder.parent / f"{row.stem}.conda"):
                yield row


def _read(path: Path) -> Row | None:
    """Return what a side file says; None for one that is damaged or missing."""
    try:
        data = json.loads(path.read_text())
        row = Row(**{field: data[field] for field in Row._fields if field in data})
    except (OSError, ValueError, TypeError):
        return None
    return row if all(isinstance(part, str) for part in row) and row.stem == path.stem else None
