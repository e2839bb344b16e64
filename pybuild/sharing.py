"""Channels between people: copied from and to folders and web servers, signed, checked and tidied."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PlanError
from pybuild.model.machine import SUBDIRS

if TYPE_CHECKING:
    from pybuild.channel.keys import Index, Row
    from pybuild.channel.pruning import Held
    from pybuild.channel.store import Store
    from pybuild.channel.transfer import Copied
    from pybuild.settings import Settings


def subdir_here() -> str:
    """Return what conda calls this machine's platform.

    Raises:
        PlanError: pybuild does not know it.
    """
    if platform.machine() not in SUBDIRS:
        raise PlanError(f"this machine is {platform.machine()}; pybuild knows {', '.join(sorted(SUBDIRS))}")
    return SUBDIRS[platform.machine()]


@contextmanager
def opened(place: str, settings: Settings) -> Iterator[Store]:
    """Give a channel by its path or its address.

    Raises:
        FetchError: an address that is neither https nor on this machine, or nothing may be asked.
    """
    from pybuild.channel.store import FolderStore

    if place.startswith(("http://", "https://")):
        from pybuild.fetch.addresses import redact
        from pybuild.fetch.network import Network
        from pybuild.fetch.web_store import WebStore

        with Network(settings.environ, offline=settings.places.offline, what=redact(place)) as network:
            yield WebStore(place, lambda: network.session)
    else:
        path = place.removeprefix("file://") if place.startswith("file:///") else place
        yield FolderStore(os.path.abspath(os.path.expanduser(path)))


def list_packages(place: str, names: Sequence[str], settings: Settings) -> tuple[Row, ...]:
    """Return what a channel holds, all of it or of some names.

    Raises:
        ChannelError: there is no such channel, or it has no such package.
    """
    from pybuild.channel.transfer import chosen, rows_of

    with opened(place, settings) as store:
        return chosen(rows_of(store, subdir_here()), names, place)


def copy_packages(
    source: str, target: str, names: Sequence[str], settings: Settings, *, signers: str | None = None
) -> Copied:
    """Copy packages, all or some, that the target lacks.

    Args:
        signers: OpenSSH's file of allowed signers; what the source holds must be signed by one of them.

    Raises:
        ChannelError, ChecksumError: what was copied before is whole, and there to stay.
    """
    from pybuild.channel.transfer import chosen, rows_of, transfer

    subdir = subdir_here()
    with opened(source, settings) as giving, opened(target, settings) as taking:
        rows = chosen(rows_of(giving, subdir), names, giving.name)
        if signers is not None:
            _demand(giving, rows, signers, settings)
        return transfer(giving, taking, subdir, rows, lambda stem: settings.report.phase(stem, "copy"))


def demand_signature(place: str, signers: str, settings: Settings) -> None:
    """Refuse a channel whose signed index does not vouch for everything that it holds.

    Raises:
        ChannelError: naming the package and why.
    """
    from pybuild.channel.transfer import rows_of

    with opened(place, settings) as store:
        _demand(store, rows_of(store, subdir_here()), signers, settings)


def _demand(store: Store, rows: Sequence[Row], signers: str, settings: Settings) -> None:
    from pybuild.channel.signed import FILE, Trust, check_signed

    subdir = subdir_here()
    trust = Trust(
        signers=signers,
        memory=Path(settings.places.cache, "channels"),
        environ=settings.environ,
        now=time.time(),
    )
    check_signed(store.read(f"{subdir}/.pybuild/{FILE}") or b"", store.name, subdir, rows, trust)


def sign(key: str, days: int, settings: Settings) -> Index:
    """Sign what the channel of the settings holds now.

    Raises:
        ChannelError, ChecksumError: it is not whole, cannot be written, or the key does not sign.
    """
    from pybuild.channel.signed import sign_channel

    return sign_channel(
        settings.places.channel, subdir_here(), key, days=days, now=time.time(), environ=settings.environ
    )


def prune(
    settings: Settings,
    *,
    older: float | None,
    size: int | None,
    prefixes: Sequence[str] = (),
    below: Sequence[str] = (),
    dry: bool = False,
) -> tuple[Held, ...]:
    """Remove packages from the channel of the settings that no known prefix has; return them.

    Args:
        older: those that are older than so many seconds.
        size: the oldest, until the rest has no more than so many bytes.
        prefixes, below: prefixes that use the channel, and folders with such, besides those that are noted.
        dry: only return them.

    Raises:
        ChannelError: the channel cannot be read or written.
    """
    from pybuild.channel import pruning, uses

    channel, subdir, now = settings.places.channel, subdir_here(), time.time()

    def choice() -> tuple[Held, ...]:
        named = [*prefixes, *(prefix for folder in below for prefix in uses.prefixes_below(folder))]
        keep = uses.used_stems(channel, subdir, named)
        return pruning.choose(pruning.held_packages(channel, subdir, now), keep, older=older, size=size)

    if dry:
        return choice()
    waiting = "waiting for runs that take packages from the channel"
    return pruning.prune(channel, subdir, choice, now=now, waiting=lambda: settings.report.note(waiting))
