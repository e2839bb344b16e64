"""Brings a source into the cache, checked by its hash; what is there already needs no network."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import ChecksumError, FetchError
from pybuild.fetch.addresses import check_safe, local_path, redact
from pybuild.fetch.parts import claim, release, sweep
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.writer import Writer
from pybuild.files import sha256_of

if TYPE_CHECKING:
    import requests

    from pybuild.model.plan import Download

_HASH = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def cached_path(download: Download, cache: Path) -> Path:
    """Return where a source is kept, whether or not it is there.

    Raises:
        FetchError: its name or hash is none.
    """
    name, digest = download.file, download.sha256
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise FetchError(f"{name!r} cannot be the name of a source file")
    if not _HASH.fullmatch(digest):
        raise FetchError(f"{name} has {digest!r} for its sha256, expected 64 digits and letters a to f")
    return cache / "sources" / digest[:2] / digest / name


def fetch(
    download: Download,
    *,
    cache: Path,
    locate: Callable[[Download], str],
    session: Callable[[], requests.Session],
    progress: Progress = SILENT,
) -> Path:
    """Return the path of a source whose bytes were checked just now, downloading it where it is missing.

    Args:
        locate: returns the address of a file that has none of its own; called only if it is not in the cache.
        session: returns the open session; called only then, and not for a file of this machine.

    Raises:
        FetchError: it cannot be found, downloaded or written.
        ChecksumError: its bytes are not those that the recipe names; nothing is kept.
    """
    target = cached_path(download, cache)
    with _explained(download, target.parent):
        # A damaged one stays until a good one takes its place: another process may have put one there.
        if target.is_file() and sha256_of(target) == download.sha256:
            return target
    url = download.url or locate(download)
    if download.url:
        check_safe(download.url, f"the source of {download.file}")
    with _explained(download, target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        _bring(download, url, target, None if local_path(url) else session(), progress)
        sweep(target)
    progress.finished()
    return target


@contextlib.contextmanager
def _explained(download: Download, directory: Path) -> Iterator[None]:
    """Turn the system's refusals into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = f"no space is left in {directory} for {download.file}"
            hint = "free some space or quota there, or keep the cache on another file system"
        else:
            message = f"{download.file} cannot be kept in {directory}: {str(error.strerror or error).lower()}"
            hint = "keep the cache in a directory where you may write"
        raise FetchError(message, hint=hint) from None


def _bring(
    download: Download, url: str, target: Path, session: requests.Session | None, progress: Progress
) -> None:
    part, earlier = claim(target)
    try:
        found = _fill(part, earlier, download, url, session, progress)
        if found != download.sha256 and earlier:
            # The earlier run's bytes may be at fault, not the server's: once more, from nothing.
            part.unlink(missing_ok=True)
            found = _fill(part, None, download, url, session, progress)
        if found != download.sha256:
            part.unlink(missing_ok=True)
            raise _wrong(download, url, found)
        part.replace(target)
    except FileNotFoundError:
        # We stood still for so long that another process took over our part; it may be done by now.
        if not target.is_file() or sha256_of(target) != download.sha256:
            raise
    except OSError as error:
        if error.errno in _FULL:
            part.unlink(missing_ok=True)
        raise
    finally:
        release(part, target)


def _fill(
    part: Path,
    earlier: Path | None,
    download: Download,
    url: str,
    session: requests.Session | None,
    progress: Progress,
) -> str:
    """Bring everything into a new part and return the hash of it."""
    # The network libraries cost a tenth of a second that a source in the cache does not need.
    from pybuild.fetch.download import download as bring

    with part.open("x+b") as stream:
        writer = Writer(stream, download.file, progress)
        if earlier is not None:
            try:
                writer.adopt(earlier)
            finally:
                earlier.unlink(missing_ok=True)
        bring(session, url, writer)
        return writer.close()


def _wrong(download: Download, url: str, found: str) -> ChecksumError:
    return ChecksumError(
        f"{download.file} from {redact(url)} has sha256 {found}, expected {download.sha256}",
        hint="compare both with the publisher's page: the file was replaced, or changed on its way here",
    )
