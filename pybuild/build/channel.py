"""The conda channel on disk that holds built packages: pybuild's binary cache.

Beside each package, ``<subdir>/.pybuild/<stem>.json`` keeps its keys and hash,
so that looking a package up opens one small file and no archive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pybuild.errors import ChannelError
from pybuild.model.machine import ChannelPackage


def find_packages(channel: str, subdir: str, names: Iterable[str]) -> tuple[ChannelPackage, ...]:
    """Return what the channel holds of the named packages; nothing where there is no channel yet.

    Args:
        channel: absolute path.
        subdir: ``linux-64``.
    """
    folder = Path(channel, subdir, ".pybuild")
    wanted = set(names)
    try:
        entries = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise ChannelError(f"{folder}: cannot be read: {error.strerror}") from error
    found = (
        _read(folder / entry)
        for entry in entries
        if entry.endswith(".json") and entry.rsplit("-", 2)[0] in wanted
    )
    return tuple(package for package in found if package is not None)


def demand_writable(channel: str, subdir: str) -> None:
    """Make the channel's folders and check that packages can be put there.

    Raises:
        ChannelError: they cannot.
    """
    folder = Path(channel, subdir, ".pybuild")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(channel, "noarch").mkdir(exist_ok=True)
    except OSError as error:
        raise _unwritable(channel, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK) or not os.access(folder.parent, os.W_OK | os.X_OK):
        raise _unwritable(channel, "permission denied")


def put(channel: str, subdir: str, package: ChannelPackage) -> ChannelPackage:
    """Move a freshly packed file into the channel, first the file, then what makes it findable.

    Args:
        package: ``file`` names the packed file, on the same file system as the channel.

    Raises:
        ChannelError: the channel cannot be written.
    """
    folder = Path(channel, subdir)
    stem = f"{package.name}-{package.version}-{package.build}"
    target = folder / f"{stem}.conda"
    record = folder / ".pybuild" / f"{stem}.json"
    data = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "key": package.key,
        "loose_key": package.loose_key,
        "sha256": package.sha256,
    }
    try:
        os.replace(package.file, target)
        beside = record.with_suffix(f".{os.getpid()}.tmp")
        beside.write_text(json.dumps(data, indent=2) + "\n")
        os.replace(beside, record)
    except OSError as error:
        raise _unwritable(channel, error.strerror or str(error)) from error
    return ChannelPackage(**{**data, "file": str(target)})


def _read(path: Path) -> ChannelPackage | None:
    """Return what a side file says; None for one that is damaged or whose package is gone."""
    try:
        data = json.loads(path.read_text())
        file = path.parent.parent / f"{path.stem}.conda"
        package = ChannelPackage(**{**data, "file": str(file)})
    except (OSError, ValueError, TypeError):
        return None
    return package if file.exists() else None


def _unwritable(channel: str, reason: str) -> ChannelError:
    return ChannelError(
        f"{channel}: the channel cannot be written: {reason}",
        hint="name another one with --channel DIR or PYBUILD_CHANNEL",
    )
