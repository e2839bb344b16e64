"""A signed index: what a channel held when somebody vouched for it, and until when he does.

``<subdir>/.pybuild/signed`` is a key index with three more header fields, and the signature below its rows:
one file, so that index and signature are never of different days. It vouches for every package by its
SHA-256, so one signature is verified for a plan, not one for each package. ``serial`` only ever grows (it
is the time of signing): a reader remembers the highest that he has seen, and refuses an older one, with
which somebody could bring back a package that was replaced for a reason.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pybuild.channel import folder, keys
from pybuild.channel.keys import Index, Row
from pybuild.channel.modes import write_whole
from pybuild.channel.signature import BEGIN, NotSignedError, sign, signer_of
from pybuild.errors import ChannelError, ChecksumError
from pybuild.files import replace_file

FILE = "signed"
DAYS = 90
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How a reader decides what to believe.

    Attributes:
        signers: OpenSSH's file of allowed signers.
        memory: folder where the highest serial of each channel is remembered.
        environ: the user's environment.
        now: seconds since 1970.
    """

    signers: str
    memory: Path
    environ: Mapping[str, str]
    now: float


def sign_channel(
    channel: str, subdir: str, key: str, *, days: int, now: float, environ: Mapping[str, str]
) -> Index:
    """Sign what the channel holds now; every file is hashed first.

    Raises:
        ChecksumError: a file is not what the index says.
        ChannelError: there is nothing to sign, or the channel cannot be written.
    """
    try:
        with folder.changing(channel, subdir) as change:
            rows = change.rows
            if not rows:
                raise ChannelError(f"{channel}: has no packages for {subdir}, so there is nothing to sign")
            _demand_whole(channel, subdir, rows)
            place = Path(channel, subdir, keys.FOLDER, FILE)
            earlier = _split(place.read_bytes())[0] if place.exists() else None
            before = earlier.serial() if earlier else 0
            expires = datetime.fromtimestamp(now, timezone.utc) + timedelta(days=days)
            serial = str(max(before + 1, int(now)))
            fields = {"subdir": subdir, "serial": serial, "expires": expires.strftime(_TIME)}
            text = keys.render(rows, fields)
            write_whole(place, text + sign(text, key, environ))
    except OSError as error:
        raise folder.unwritable(channel, error.strerror or str(error)) from error
    return Index(fields, rows)


def demand_signed(channel: str, subdir: str, wanted: Collection[Row], trust: Trust) -> None:
    """Refuse packages of a channel that its signed index does not vouch for.

    Raises:
        ChannelError: naming the packages: unsigned, signed by somebody else, expired, replayed, or others
            than those that were signed.
    """
    place = Path(channel, subdir, keys.FOLDER, FILE)
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise ChannelError(f"{place}: cannot be read: {error.strerror}") from error
    check_signed(data, channel, subdir, wanted, trust)


def check_signed(data: bytes, channel: str, subdir: str, wanted: Collection[Row], trust: Trust) -> Index:
    """Return a signed index whose signature and age are right, and that vouches for some rows.

    Args:
        data: the file's bytes, empty where there is none.
        channel: path or address, for error sentences and for what is remembered.

    Raises:
        ChannelError: as :func:`demand_signed`.
    """
    names = ", ".join(f"{row.name} {row.version}" for row in wanted) or "what it holds"
    verb = "are" if len(wanted) > 1 else "is"
    try:
        index = _believed(data, channel, subdir, trust)
        signed = {row.stem: row for row in index.rows}
        for row in wanted:
            names, verb = f"{row.name} {row.version} ({row.stem})", "is"
            _compare(row, signed)
    except NotSignedError as refusal:
        raise ChannelError(
            f"{channel}: {names} {verb} refused: {refusal}",
            hint=f"ask who keeps the channel to {_signing(channel)}; "
            "PYBUILD_SHARED_CHANNEL=none does without it",
        ) from None
    return index


def _signing(channel: str) -> str:
    """Return what the keeper of a channel has to do; an address is signed where it was pushed from."""
    if "://" in channel:
        return "sign it and push it again"
    return f"run `pybuild channel sign --channel {shlex.quote(channel)}`"


def _compare(row: Row, signed: Mapping[str, Row]) -> None:
    if row.stem not in signed:
        raise NotSignedError("nobody has signed it")
    there = signed[row.stem]
    # What a prefix keeps is known without the loose key.
    if there != row._replace(loose_key=row.loose_key or there.loose_key):
        raise NotSignedError("it is not the one that was signed")


def _believed(data: bytes, channel: str, subdir: str, trust: Trust) -> Index:
    index, text, signature = _split(data)
    if index is None or not signature:
        raise NotSignedError(f"the channel is not signed, and {trust.signers} demands it")
    signer_of(text, signature, trust.signers, trust.environ)
    if index.fields.get("subdir") != subdir:
        raise NotSignedError(f"its signed index is for {index.fields.get('subdir')}, not for {subdir}")
    try:
        expires = datetime.strptime(index.fields["expires"], _TIME).replace(tzinfo=timezone.utc)
        serial = int(index.fields["serial"])
    except (KeyError, ValueError) as error:
        raise NotSignedError(f"its signed index has no valid {error}") from None
    if expires.timestamp() < trust.now:
        raise NotSignedError(f"its signature has expired on {index.fields['expires']}")
    _remember(serial, channel, subdir, trust)
    return index


def _remember(serial: int, channel: str, subdir: str, trust: Trust) -> None:
    digest = hashlib.sha256(f"{channel}\n{subdir}".encode()).hexdigest()[:32]
    place = trust.memory / f"{digest}.json"
    try:
        seen = int(json.loads(place.read_text())["serial"])
    except (OSError, ValueError, TypeError, KeyError):
        seen = 0
    if serial < seen:
        raise NotSignedError(
            f"its signed index is older than one seen before (serial {serial}, seen {seen}): "
            "somebody has put an old one back"
        )
    if serial > seen:
        trust.memory.mkdir(parents=True, exist_ok=True)
        replace_file(place, json.dumps({"channel": channel, "subdir": subdir, "serial": serial}))


def _split(data: bytes) -> tuple[Index | None, bytes, bytes]:
    """Return the index, the bytes that were signed, and the signature."""
    text, mark, rest = data.partition(BEGIN)
    return keys.parse(text), text, mark + rest if mark else b""


def _demand_whole(channel: str, subdir: str, rows: Collection[Row]) -> None:
    from pybuild.channel.repodata import hashes

    for row in rows:
        file = Path(channel, subdir, f"{row.stem}.conda")
        try:
            found = hashes(file)[1]
        except OSError as error:
            raise ChannelError(f"{file}: cannot be read: {error.strerror}") from error
        if found != row.sha256:
            raise ChecksumError(
                f"{file}: sha256 found {found}, expected {row.sha256}",
                hint=f"pybuild channel verify {channel}",
            )
