"""The only file that imports rattler, conda's engine: records, transactions, solves, channel indexes.

py-rattler 0.28 on Python 3.11 sometimes aborts while the interpreter shuts down after an asyncio call
(``PyGILState_Release``: one of its threads comes back too late). pybuild therefore never shuts the
interpreter down: ``pybuild.__main__.run`` ends the process with ``os._exit`` once everything is flushed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pybuild.errors import ChecksumError, PrefixError
from pybuild.model.machine import CondaPackage


def link(
    files: Sequence[tuple[str, str]],
    prefix: Path,
    *,
    cache: Path,
    final: Path | None = None,
    replaced: Sequence[Path] = (),
    channels: Mapping[str, str] | None = None,
) -> None:
    """Install packages into ``prefix`` and unlink those that they replace; nothing else is looked at.

    Args:
        files: (path of a ``.conda`` file or its address, sha256) of each package.
        cache: folder of unpacked packages; files are hard-linked from it where possible.
        final: the prefix that text in the files shall name, where it differs from ``prefix``.
        replaced: paths of the ``conda-meta`` records of the packages to unlink.
        channels: address of the channel that a file is a copy from, where it does not lie in its own.

    Raises:
        ChecksumError: a file is not the one that the plan names.
        PrefixError: the transaction failed.
    """
    tag = prefix / "CACHEDIR.TAG"
    tagged = tag.exists()
    asyncio.run(_link(files, prefix, cache, final, replaced, channels or {}))
    if not tagged:
        tag.unlink(missing_ok=True)  # rattler's mark would make backup tools pass the environment over


async def _link(
    files: Sequence[tuple[str, str]],
    prefix: Path,
    cache: Path,
    final: Path | None,
    replaced: Sequence[Path],
    channels: Mapping[str, str],
) -> None:
    import rattler

    records = [await _record(file, sha256, channels.get(file)) for file, sha256 in files]
    # The engine looks at the whole prefix in the end and gives up if it finds packages that it was not
    # told of; those that stay are told, and ignored by name.
    there = {path: rattler.PrefixRecord.from_path(path) for path in (prefix / "conda-meta").glob("*.json")}
    changing = {record.name.normalized for record in records}
    changing |= {record.name.normalized for path, record in there.items() if path in replaced}
    try:
        await rattler.install(
            records,
            target_prefix=prefix,
            cache_dir=cache,
            installed_packages=list(there.values()),
            ignored_packages={r.name.normalized for r in there.values()} - changing,
            execute_link_scripts=False,
            show_progress=False,
            alternative_target_prefix=final,
        )
    except Exception as error:
        reason = _reason(error)
        room = "make room there, then run the same command again" if "No space left" in reason else None
        raise PrefixError(f"{prefix}: the packages could not be installed: {reason}", hint=room) from error


async def _record(file: str, sha256: str, channel: str | None) -> Any:
    """Read a package's record from its file and check that the file is the one that was planned."""
    import rattler

    try:
        record = await rattler.RepoDataRecord.from_package_archive(file)
    except Exception as error:
        raise PrefixError(f"{file}: cannot be read as a conda package: {_reason(error)}") from error
    found = bytes(record.sha256 or b"").hex()
    if found != sha256:
        raise ChecksumError(
            f"{file}: sha256 expected {sha256}, found {found}",
            hint="remove the file; the package is built again",
        )
    record.channel = channel or Path(file).parent.parent.as_uri()
    return record


def _reason(error: Exception) -> str:
    """Return what the engine did and what stopped it in one line; it gives each cause a line of its own."""
    lines = [line.strip().removeprefix("Caused by: ") for line in str(error).splitlines() if line.strip()]
    return ": ".join(dict.fromkeys((*lines[:1], *lines[-1:]))) or type(error).__name__


def index_channel(channel: Path) -> None:
    """Write ``repodata.json`` for every subdir of the channel, for conda and its relatives."""
    import rattler.index

    asyncio.run(rattler.index.index_fs(channel, write_zst=False, write_shards=False))


def solve(channels: Sequence[str], specs: Sequence[str], subdir: str) -> tuple[CondaPackage, ...]:
    """Return what a conda channel would install for ``specs``.

    Raises:
        PrefixError: no channel answered, or the specs cannot be met.
    """
    return asyncio.run(_solve(channels, specs, subdir))


async def _solve(channels: Sequence[str], specs: Sequence[str], subdir: str) -> tuple[CondaPackage, ...]:
    import rattler

    try:
        records = await rattler.solve(
            sources=[rattler.Channel(channel) for channel in channels],
            specs=[rattler.MatchSpec(spec) for spec in specs],
            platforms=[rattler.Subdir(subdir), rattler.Subdir("noarch")],
            virtual_packages=rattler.VirtualPackage.detect(),
        )
    except Exception as error:
        raise PrefixError(f"{', '.join(channels)}: {str(error).splitlines()[0]}") from error
    by_name: dict[str, Any] = {record.name.normalized: record for record in records}
    # What comes back sorted has lost its addresses.
    ordered = [by_name[r.name.normalized] for r in rattler.PackageRecord.sort_topologically(list(records))]
    return tuple(
        CondaPackage(
            name=record.name.normalized,
            version=str(record.version),
            build=str(record.build),
            url=record.url,
            sha256=bytes(record.sha256 or b"").hex(),
        )
        for record in ordered
    )
