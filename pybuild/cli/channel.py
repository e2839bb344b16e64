"""``pybuild channel``: share, sign, check and tidy what was built."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from pybuild.cli.plain import absolute
from pybuild.cli.progress import Screen
from pybuild.cli.question import demand_yes
from pybuild.cli.settings import existing_folder, named_file, settings_of
from pybuild.cli.text import columns, counted, paint, put, say
from pybuild.errors import ChannelError, ChecksumError, UsageError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def list_(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List a channel's packages.

    Raises:
        ChannelError: there is no such channel.
    """
    from pybuild.sharing import list_packages

    settings = settings_of(arguments, environ)
    rows = list_packages(arguments.place or settings.places.channel, (), settings)
    if arguments.json:
        put(json.dumps([row._asdict() for row in rows], indent=1))
        return 0
    for line in columns([("name", "version", "build", "key"), *(row[:4] for row in rows)]):
        put(line)
    return 0


def push(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Copy from one's own channel to another."""
    return _copy(arguments, environ, to=_channel("--to", arguments.to))


def pull(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Copy from another channel to one's own."""
    source = _channel("--from", arguments.source)
    return _copy(arguments, environ, source=source, signers=_path(arguments.signers))


def _copy(
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    *,
    source: str | None = None,
    to: str | None = None,
    signers: str | None = None,
) -> int:
    from pybuild.channel.transfer import to_json
    from pybuild.sharing import copy_packages

    with Screen() as screen:
        settings = settings_of(arguments, environ, screen)
        own = settings.places.channel
        done = copy_packages(source or own, to or own, arguments.names, settings, signers=signers)
    if arguments.json:
        put(to_json(done))
        return 0
    for stem in done.copied:
        put(stem)
    count = f"{len(done.copied)} copied, {len(done.there)} there already"
    say(f"{paint('done:', 'green')} {done.source} to {done.target}: {count}")
    return 0


def _channel(option: str, text: str) -> str:
    """Return what an option says of where another channel is.

    Raises:
        UsageError: nothing, or an address that no channel can have.
    """
    if not text.strip() or ("://" in text and not text.startswith(("http://", "https://", "file:///"))):
        raise UsageError(
            f"{option}: found {text!r}, expected a folder, or an address with https:// or file:///"
        )
    return text


def sign(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Sign one's own channel.

    Raises:
        UsageError: a signature that would never count, or a key that is not there.
    """
    from pybuild.sharing import sign as sign_

    if arguments.days < 1:
        raise UsageError(f"--days: found {arguments.days}, expected 1 or more")
    settings = settings_of(arguments, environ)
    key = named_file("--key", arguments.key or os.path.join(environ.get("HOME", "~"), ".ssh", "id_ed25519"))
    index = sign_(key, arguments.days, settings)
    if arguments.json:
        put(json.dumps({**index.fields, "packages": len(index.rows)}))
        return 0
    signed = f"{counted(len(index.rows), 'package')}, signed until {index.fields['expires']}"
    say(f"{paint('done:', 'green')} {signed}")
    return 0


def verify(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check every file of a channel, and its signature where signers are named.

    Raises:
        ChannelError: something is missing, or not signed.
        ChecksumError: a file is not that of its hash.
    """
    from pybuild.channel.inspection import inspect
    from pybuild.sharing import demand_signature, subdir_here

    settings = settings_of(arguments, environ)
    channel = _path(arguments.place) or settings.places.channel
    number, findings = inspect(channel, subdir_here())
    if arguments.json:
        put(json.dumps({"packages": number, "findings": [asdict(one) for one in findings]}, indent=1))
    for one in () if arguments.json else findings:
        put(f"{one.kind}: {one.path}: {one.text}")
    kinds = {one.kind for one in findings}
    pull = f"pybuild channel pull --from CHANNEL --channel {channel}"
    if "damaged" in kinds:
        raise ChecksumError(
            f"{channel}: files are not those of their hashes", hint=f"remove what is damaged, then: {pull}"
        )
    if "missing" in kinds:
        raise ChannelError(f"{channel}: has not all that its index names", hint=pull)
    if "unlisted" in kinds:
        raise ChannelError(
            f"{channel}: files and indexes do not agree",
            hint="nothing is lost: the next install that takes one of these packages lists them",
        )
    if arguments.signers:
        demand_signature(channel, _path(arguments.signers) or "", settings)
    if not arguments.json:
        say(f"{paint('done:', 'green')} {counted(number, 'package')}, every file is that of its hash")
    return 0


def prune(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Remove packages that no known prefix uses.

    Raises:
        UsageError: nothing says what goes, or what is named as a user of the channel is none.
        ChannelError: there is no channel.
        Interrupted: not accepted.
    """
    from pybuild.sharing import prune as prune_

    older = _seconds(arguments.older_than)
    size = _size(arguments.keep_size) if arguments.keep_size else None
    if older is None and size is None:
        raise UsageError("nothing says what goes", hint="add --older-than DAYS or --keep-size 20G")
    prefixes = [_prefix(one) for one in arguments.used_by]
    below = [existing_folder("--used-below", one) for one in arguments.used_below]
    with Screen() as screen:
        settings = settings_of(arguments, environ, screen)
        if not os.path.isdir(settings.places.channel):
            raise ChannelError(
                f"{settings.places.channel}: there is no channel", hint="name it with --channel"
            )
        chosen = partial(prune_, settings, older=older, size=size, prefixes=prefixes, below=below)
        going = chosen(dry=True)
        if not arguments.dry_run and going:
            _confirm(arguments, [one.row.stem for one in going])
            going = chosen()
    total = sum(one.size for one in going)
    if arguments.json:
        put(json.dumps({"removed": [one.row.stem for one in going], "bytes": total}))
        return 0
    for one in going if arguments.yes or arguments.dry_run else ():
        put(one.row.stem)
    would = "would go" if arguments.dry_run else "removed"
    say(f"{paint('done:', 'green')} {counted(len(going), 'package')} {would}, {total / 2**20:.1f} MiB")
    return 0


def _confirm(arguments: argparse.Namespace, stems: list[str]) -> None:
    if arguments.yes:
        return
    for stem in stems:
        say(f"  - {stem}")
    demand_yes("remove them?", hint="add -y to remove them, or -n to only see them")


def _seconds(days: float | None) -> float | None:
    if days is not None and not 0 <= days < math.inf:
        raise UsageError(f"--older-than: found {days:g}, expected a number of days from 0 on")
    return None if days is None else days * 86400


def _prefix(text: str) -> str:
    """Return the path of a prefix whose packages stay; a slip must not make them pass for unused."""
    path = existing_folder("--used-by", text)
    if not os.access(os.path.join(path, "conda-meta"), os.R_OK | os.X_OK):
        raise UsageError(
            f"--used-by {text}: is no conda prefix (it has no conda-meta that can be read)",
            hint="name a folder of prefixes with --used-below",
        )
    return path


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise UsageError(f"--keep-size: found {text!r}, expected a number with K, M, G or T, such as 20G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _path(text: str | None) -> str | None:
    return absolute(text) if text else None
