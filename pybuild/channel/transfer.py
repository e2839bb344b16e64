"""Copies packages from one channel to another: files first, then what makes them findable."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pybuild.channel import keys, repodata
from pybuild.channel.folder import side_file
from pybuild.channel.keys import Row
from pybuild.channel.store import Store
from pybuild.errors import ChannelError, ChecksumError

_INDEX = f"{keys.FOLDER}/{keys.FILE}"
_SIGNED = f"{keys.FOLDER}/signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy did.

    Attributes:
        copied: stems of packages that were copied now.
        there: stems of those that were there already.
    """

    source: str
    target: str
    copied: tuple[str, ...]
    there: tuple[str, ...]


def rows_of(store: Store, subdir: str) -> tuple[Row, ...]:
    """Return what a channel's index has.

    Raises:
        ChannelError: there is no index, or it cannot be read.
    """
    data = store.read(f"{subdir}/{_INDEX}")
    index = keys.parse(data) if data is not None else None
    if index is None:
        raise ChannelError(
            f"{store.name}: has no index of packages for {subdir}",
            hint="check the name; a channel has one as soon as pybuild has put a package into it",
        )
    return index.rows


def chosen(rows: Iterable[Row], names: Collection[str], where: str) -> tuple[Row, ...]:
    """Return the rows that names mean: ``mpi4py``, ``mpi4py-4.1.2``, or a whole file name; all for none.

    Raises:
        ChannelError: a name means nothing there.
    """
    rows = tuple(rows)
    found: dict[Row, None] = {} if names else dict.fromkeys(rows)
    for name in names:
        stem = name.removesuffix(".conda")
        fitting = [r for r in rows if stem in (r.name, f"{r.name}-{r.version}", r.stem)]
        if not fitting:
            raise ChannelError(f"{where}: has no package {name}", hint=f"pybuild channel list {where}")
        found |= dict.fromkeys(fitting)
    return tuple(found)


def transfer(
    source: Store,
    target: Store,
    subdir: str,
    rows: Collection[Row],
    tell: Callable[[str], None],
) -> Copied:
    """Copy packages that the target lacks; each is hashed on its way, and found there only when it is whole.

    Raises:
        ChecksumError: a file is not the one that the source's index names.
        ChannelError: a channel cannot be read or written, or the target has another package of that name.
    """
    target.begin(subdir)
    there = {row.stem: row for row in keys.parse_or_empty(target.read(f"{subdir}/{_INDEX}")).rows}
    _demand_same(rows, there.values(), target.name)
    lacking = [row for row in rows if row.stem not in there or not target.has(f"{subdir}/{row.stem}.conda")]
    with tempfile.TemporaryDirectory(prefix="pybuild-copy-") as folder:
        fresh: dict[str, repodata.Row] = {}
        for row in lacking:
            tell(row.stem)
            file = Path(folder, f"{row.stem}.conda")
            fresh[file.name] = _copy(row, source, target, subdir, file)
            file.unlink()
    if lacking:
        _announce(target, subdir, lacking, fresh)
    _carry_signature(source, target, subdir)
    copied = tuple(row.stem for row in lacking)
    return Copied(
        source=source.name, target=target.name, copied=copied,
        there=tuple(row.stem for row in rows if row.stem not in copied),
    )  # fmt: skip


def _demand_same(rows: Iterable[Row], there: Iterable[Row], where: str) -> None:
    hashes = {row.stem: row.sha256 for row in there}
    other = [row.stem for row in rows if hashes.get(row.stem, row.sha256) != row.sha256]
    if other:
        raise ChannelError(
            f"{where}: has another package under the name {other[0]}",
            hint="one of the two was built twice: keep one, or build with --rebuild under the next number",
        )


def _copy(row: Row, source: Store, target: Store, subdir: str, file: Path) -> repodata.Row:
    source.get(f"{subdir}/{file.name}", file)
    entry = repodata.row_of(file) if repodata.hashes(file)[1] == row.sha256 else None
    if entry is None:
        found = repodata.hashes(file)[1]
        raise ChecksumError(
            f"{source.name}/{subdir}/{file.name}: sha256 found {found}, expected {row.sha256}",
            hint=f"nothing of it was copied; pybuild channel verify {source.name}",
        )
    target.put(f"{subdir}/{file.name}", file)
    target.edit(f"{subdir}/{keys.FOLDER}/{row.stem}.json", lambda _: side_file(row))
    return entry


def _announce(target: Store, subdir: str, rows: Collection[Row], fresh: dict[str, repodata.Row]) -> None:
    """Let conda find the packages, then pybuild."""
    for name, more in (("noarch", {}), (subdir, fresh)):
        target.edit(
            f"{name}/{repodata.FILE}",
            lambda data, name=name, more=more: repodata.repodata(name, {**repodata.read_rows(data), **more}),  # type: ignore[misc]
        )

    def add(data: bytes | None) -> bytes:
        there = keys.parse_or_empty(data).rows
        _demand_same(rows, there, target.name)  # others may have pushed since we looked
        return keys.render(keys.merged(there, rows), {"subdir": subdir})

    target.edit(f"{subdir}/{_INDEX}", add)


def _carry_signature(source: Store, target: Store, subdir: str) -> None:
    """Take the signed index along where the target now holds everything that it vouches for."""
    data = source.read(f"{subdir}/{_SIGNED}") or b""
    signed = keys.parse_or_empty(data)

    def is_newer(there: bytes | None) -> bool:
        return bool(signed.rows) and signed.serial() > keys.parse_or_empty(there).serial()

    if is_newer(target.read(f"{subdir}/{_SIGNED}")) and set(signed.rows) <= set(rows_of(target, subdir)):
        # Its keeper may have signed it since we looked.
        target.edit(f"{subdir}/{_SIGNED}", lambda now: data if is_newer(now) else now or b"")


def to_json(copied: Copied) -> str:
    """Return what a copy did as JSON."""
    return json.dumps(
        {"source": copied.source, "target": copied.target, "copied": copied.copied, "there": copied.there}
    )
