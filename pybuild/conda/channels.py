"""What conda channels hold, and what they would install."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pybuild.conda.records import read_records
from pybuild.conda.words import engine_errors, reason_of
from pybuild.errors import PrefixError, UsageError
from pybuild.model.machine import CondaPackage
from pybuild.model.offer import Offer


class UnansweredError(PrefixError):
    """A channel could not be asked, so nothing is known of what it has."""


class UnmetError(PrefixError):
    """The channels answered, and what they have does not meet the specs."""


def channel_address(channel: str) -> str:
    """Return the address of a channel that may be named as conda users do, ``conda-forge``."""
    import rattler

    return str(rattler.Channel(channel).base_url).rstrip("/")


def spec_name(text: str) -> str:
    """Return the name of the package that a conda requirement asks for.

    Raises:
        UsageError: it is none, or asks for no single name.
    """
    import rattler

    try:
        name = rattler.MatchSpec(text, strict=True).name
    except engine_errors() as error:
        raise UsageError(f'"{text}" is no conda requirement: {reason_of(error)}') from error
    if name is None or "*" in (plain := str(getattr(name, "normalized", "") or "")) or not plain:
        raise UsageError(f'"{text}" names no single package, expected one such as "numpy 1.26.*"')
    return plain


def solve(
    channels: Sequence[str], specs: Sequence[str], subdir: str, favoured: Sequence[CondaPackage] = ()
) -> tuple[CondaPackage, ...]:
    """Return what a conda channel would install for ``specs``.

    Args:
        favoured: packages of an earlier answer, taken again wherever that is possible.

    Raises:
        UnansweredError: a channel did not answer.
        UnmetError: the specs cannot be met.
    """
    return asyncio.run(_solve(channels, specs, subdir, favoured=favoured))


def complete(
    channels: Sequence[str],
    wanted: Sequence[str],
    fixed: Sequence[str],
    subdir: str,
    prefix: Path | None,
    favoured: Sequence[CondaPackage] = (),
) -> tuple[CondaPackage, ...]:
    """Return what conda channels would add for as much of ``wanted`` as they can give.

    Only Python packages are taken: a name of the package index may mean something else to conda.

    Args:
        wanted: specs, the most important first; those that do not go with the rest are left out.
        fixed: specs that must hold as well.
        prefix: an existing prefix; nothing in it is replaced.
        favoured: packages of an earlier answer, taken again wherever that is possible.

    Raises:
        UnansweredError: a channel did not answer.
        PrefixError: a record of the prefix cannot be read.
    """
    return asyncio.run(_complete(channels, wanted, fixed, subdir, prefix, favoured))


async def _complete(
    channels: Sequence[str],
    wanted: Sequence[str],
    fixed: Sequence[str],
    subdir: str,
    prefix: Path | None,
    favoured: Sequence[CondaPackage],
) -> tuple[CondaPackage, ...]:
    there = list(read_records(prefix).values()) if prefix else []
    fixed = [*fixed, *(f"{r.name.normalized} =={r.version} {r.build}" for r in there)]
    try:
        known = await _python_packages(channels, wanted, subdir)
    except engine_errors() as error:
        raise UnansweredError(f"{', '.join(channels)}: {reason_of(error)}") from error
    here = {(r.name.normalized, str(r.version), str(r.build)) for r in there}
    possible = [spec for spec in wanted if spec.split()[0] in known]
    best: tuple[CondaPackage, ...] = ()
    held: list[str] = []
    # All at once is the usual case; one after the other finds what goes where not everything does.
    for more in (possible, *([spec] for spec in possible if len(possible) > 1)) if possible else ():
        try:
            found = await _solve(channels, [*held, *more, *fixed], subdir, there, favoured)
        except UnmetError:
            continue
        if here <= {(p.name, p.version, p.build) for p in found}:
            best = tuple(p for p in found if (p.name, p.version, p.build) not in here)
            held += more
        if len(held) == len(possible):
            break
    return best


async def _python_packages(channels: Sequence[str], specs: Sequence[str], subdir: str) -> set[str]:
    """Return the names among ``specs`` of which a channel has a package for Python."""
    import rattler

    answers = await rattler.Gateway().query(
        [rattler.Channel(channel) for channel in channels],
        [rattler.Subdir(subdir), rattler.Subdir("noarch")],
        [rattler.MatchSpec(spec) for spec in specs],
        recursive=False,
    )
    return {
        record.name.normalized
        for records in answers
        for record in records
        if any(text.split()[0] in ("python", "python_abi") for text in record.depends)
    }


async def _favoured(channels: Sequence[str], wanted: Sequence[CondaPackage], subdir: str) -> list[Any]:
    """Return the channels' records of packages, as far as they still have the very same files."""
    import rattler

    if not wanted:
        return []
    answers = await rattler.Gateway().query(
        [rattler.Channel(channel) for channel in channels],
        [rattler.Subdir(subdir), rattler.Subdir("noarch")],
        [rattler.MatchSpec(f"{package.name} =={package.version} {package.build}") for package in wanted],
        recursive=False,
    )
    hashes = {package.sha256 for package in wanted}
    return [r for records in answers for r in records if bytes(r.sha256 or b"").hex() in hashes]


async def _solve(
    channels: Sequence[str],
    specs: Sequence[str],
    subdir: str,
    there: Sequence[Any] = (),
    favoured: Sequence[CondaPackage] = (),
) -> tuple[CondaPackage, ...]:
    import rattler
    from rattler.exceptions import SolverError

    try:
        records = await rattler.solve(
            locked_packages=await _favoured(channels, favoured, subdir),
            sources=[rattler.Channel(channel) for channel in channels],
            specs=[rattler.MatchSpec(spec) for spec in specs],
            platforms=[rattler.Subdir(subdir), rattler.Subdir("noarch")],
            virtual_packages=rattler.VirtualPackage.detect(),
            pinned_packages=list(there),
        )
    except SolverError as error:
        raise UnmetError(f"{', '.join(channels)}: {reason_of(error)}") from error
    except engine_errors() as error:
        raise UnansweredError(f"{', '.join(channels)}: {reason_of(error)}") from error
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
            depends=tuple(record.depends),
        )
        for record in ordered
    )


def find_offers(
    channels: Sequence[str], names: Collection[str], subdir: str, cache: Path
) -> tuple[list[Offer], list[str]]:
    """Return what conda channels hold under any of some names, and why one could not be asked.

    Args:
        names: spellings of one package's name.
        cache: folder for what channels say they hold.
    """
    return asyncio.run(_find_offers(channels, names, subdir, cache))


async def _find_offers(
    channels: Sequence[str], names: Collection[str], subdir: str, cache: Path
) -> tuple[list[Offer], list[str]]:
    import rattler

    gateway = rattler.Gateway(cache_dir=cache)
    offers: list[Offer] = []
    troubles: list[str] = []
    for channel in channels:
        try:
            found = await gateway.query(
                [rattler.Channel(channel)],
                [rattler.Subdir(subdir), rattler.Subdir("noarch")],
                list(names),
                recursive=False,
            )
        except engine_errors() as error:
            troubles.append(f"the conda channel {channel} could not be asked: {reason_of(error)}")
            continue
        by_name: dict[str, list[Any]] = {}
        for record in (record for records in found for record in records):
            by_name.setdefault(record.name.normalized, []).append(record)
        offers += [_offer(channel, name, records) for name, records in sorted(by_name.items())]
    return offers, troubles


def _offer(channel: str, name: str, records: list[Any]) -> Offer:
    records = sorted(records, key=lambda record: record.version, reverse=True)
    newest = [record for record in records if record.version == records[0].version]
    return Offer(
        source="conda",
        place=channel,
        name=name,
        versions=tuple(dict.fromkeys(str(record.version) for record in records)),
        forms=tuple(sorted({"pure" if str(r.subdir) == "noarch" else "compiled" for r in newest})),
        requires=tuple(sorted({text.split()[0] for record in newest for text in record.depends})),
    )
