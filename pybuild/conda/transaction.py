"""Packages come into a prefix and leave it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pybuild.conda.records import read_records
from pybuild.conda.words import engine_errors, reason_of
from pybuild.errors import ChecksumError, PrefixError
from pybuild.files import sha256_of

_COPIES = "allow-hard-links = false\nallow-symbolic-links = false\n"
"""The engine's configuration for a prefix of its own files (tried with py-rattler 0.28: one link each)."""


def link(
    files: Sequence[tuple[str, str]],
    prefix: Path,
    *,
    cache: Path,
    final: Path | None = None,
    replaced: Sequence[Path] = (),
    channels: Mapping[str, str] | None = None,
    beside: Path | None = None,
    copies: bool = False,
) -> None:
    """Install packages into ``prefix`` and unlink those that they replace; nothing else is looked at.

    Args:
        files: (path of a ``.conda`` file or its address, sha256) of each package.
        cache: folder of unpacked packages; files are hard-linked from it where possible.
        final: the prefix that text in the files shall name, where it differs from ``prefix``.
        replaced: paths of the ``conda-meta`` records of the packages to unlink.
        channels: address of the channel that a file is a copy from, where it does not lie in its own.
        beside: a prefix whose Python the packages are for, where ``prefix`` has none of its own.
        copies: copy files instead of linking them: whoever changes modes or groups in the prefix must not
            change the cache, and every other prefix, with it.

    Raises:
        ChecksumError: a file is not the one that the plan names.
        PrefixError: a record of the prefix cannot be read, or the transaction failed.
    """
    tag = prefix / "CACHEDIR.TAG"
    tagged = tag.exists()
    asyncio.run(_link(files, prefix, cache, final, replaced, channels or {}, beside, copies))
    if not tagged:
        tag.unlink(missing_ok=True)  # rattler's mark would make backup tools pass the environment over


async def _link(
    files: Sequence[tuple[str, str]],
    prefix: Path,
    cache: Path,
    final: Path | None,
    replaced: Sequence[Path],
    channels: Mapping[str, str],
    beside: Path | None,
    copies: bool,
) -> None:
    import rattler

    records = [await _record(file, sha256, channels.get(file)) for file, sha256 in files]
    changing = {record.name.normalized for record in records}
    for_any = "python" not in changing and any(record.noarch.python for record in records)
    if for_any and beside is not None:
        _introduce_python(prefix, beside)
    # The engine looks at the whole prefix in the end and gives up if it finds packages that it was not
    # told of; those that stay are told, and ignored by name.
    there = read_records(prefix)
    # Packages for any Python lie in a folder that bears its version, which the engine takes from the
    # Python that it is told of: the same before and after, so nothing happens to it.
    pythons = [r for r in there.values() if for_any and r.name.normalized == "python"]
    changing |= {record.name.normalized for record in pythons}
    changing |= {record.name.normalized for path, record in there.items() if path in replaced}
    try:
        await rattler.install(
            [*records, *pythons],
            target_prefix=prefix,
            cache_dir=cache,
            installed_packages=list(there.values()),
            ignored_packages={r.name.normalized for r in there.values()} - changing,
            execute_link_scripts=False,
            show_progress=False,
            alternative_target_prefix=final,
            config=rattler.Config.from_toml(_COPIES) if copies else None,
        )
    except engine_errors() as error:
        reason = reason_of(error)
        room = "make room there, then run the same command again" if "No space left" in reason else None
        raise PrefixError(f"{prefix}: the packages could not be installed: {reason}", hint=room) from error


def _introduce_python(prefix: Path, beside: Path) -> None:
    """Give a prefix without a Python the record, and only the record, of another prefix's."""
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    for path in (beside / "conda-meta").glob("python-[0-9]*.json"):
        (meta / path.name).write_bytes(path.read_bytes())


async def _record(file: str, sha256: str, channel: str | None) -> Any:
    """Read a package's record from its file and check that the file is the one that was planned."""
    import rattler

    try:
        record = await rattler.RepoDataRecord.from_package_archive(file)
    except engine_errors() as error:
        found = _hash(file)
        if found in ("", sha256):
            raise PrefixError(f"{file}: cannot be read as a conda package: {reason_of(error)}") from error
    else:
        found = bytes(record.sha256 or b"").hex()
    if found != sha256:
        raise ChecksumError(
            f"{file}: sha256 expected {sha256}, found {found}",
            hint="remove the file; the package is built again",
        )
    record.channel = channel or Path(file).parent.parent.as_uri()
    return record


def _hash(file: str) -> str:
    """Return the hash of a file, ``""`` where it cannot be read."""
    try:
        return sha256_of(file)
    except OSError:
        return ""
