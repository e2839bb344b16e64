"""Brings the bytes of one address into a part file, going on where an earlier try broke off."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import urllib3.exceptions

from pybuild.errors import FetchError
from pybuild.fetch import session as sessions
from pybuild.fetch.addresses import local_path, redact
from pybuild.fetch.writer import Writer

#: how often a download that breaks off is tried in all
TRIES = 6
_CHUNK = 2**16
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _BrokenOffError(Exception):
    """The bytes stopped coming; the text says how, fit to be shown."""


def copy_local(path: Path, writer: Writer) -> None:
    """Copy a file of this machine.

    Raises:
        FetchError: it cannot be read.
    """
    writer.restart()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FetchError(f"{path} is not a file")
        source = path.open("rb")
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {str(error.strerror).lower()}") from None
    with source:
        writer.begin(status.st_size)
        while chunk := source.read(2**20):
            writer.write(chunk)


def download(session: requests.Session | None, url: str, writer: Writer) -> None:
    """Bring everything behind an address into the writer, trying again where the bytes stop coming.

    Raises:
        FetchError: the server does not have the file, or it never arrived whole.
    """
    if (path := local_path(url)) is not None:
        copy_local(path, writer)
        return
    assert session is not None
    reason = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(sessions.jittered(sessions.PAUSE * 2**attempt))
        try:
            _attempt(session, url, writer)
        except _BrokenOffError as error:
            reason = str(error)
        else:
            return
    raise FetchError(
        f"{redact(url)} did not arrive whole in {TRIES} tries: {reason}",
        hint="run the same command again: it goes on where this one stopped",
    )


def _attempt(session: requests.Session, url: str, writer: Writer) -> None:
    headers = {"Accept-Encoding": "identity"}
    if writer.size:
        headers["Range"] = f"bytes={writer.size}-"
    try:
        response = session.get(url, headers=headers, stream=True)
    except (requests.RequestException, OSError) as error:
        raise FetchError(
            f"{redact(url)} cannot be downloaded: {sessions.describe(error)}",
            hint="check network, proxy and certificate with `python3 -m pip config debug`",
        ) from None
    with response:
        total = _agree(response, url, writer)
        writer.begin(total)
        for chunk in _chunks(response):
            writer.write(chunk)
    if total is not None and writer.size != total:
        raise _BrokenOffError(f"{writer.size} of {total} bytes came")


def _agree(response: requests.Response, url: str, writer: Writer) -> int | None:
    """Bring the writer to where the server begins, and return how long the whole file is."""
    code = response.status_code
    if code == 206:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match and int(match[1]) == writer.size:
            return None if match[2] == "*" else int(match[2])
    if code in (206, 416):
        # The server means another place, or a shorter file, than the bytes that we have: these are no use.
        writer.restart()
        raise _BrokenOffError("the server does not continue where the download stopped")
    if code != 200:
        raise FetchError(f"{redact(url)} answered with HTTP {code}", hint=_hint(code))
    writer.restart()
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _hint(code: int) -> str:
    if code in (401, 403, 407):
        return "the server wants credentials: give them where pip finds them, for example in ~/.netrc"
    if code in (404, 410):
        return "the file has moved or was never there: check the recipe's source and version"
    return "the server has a problem: try again later"


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body as sent: a .tar.gz that is labelled as compressed content must not be unpacked."""
    try:
        yield from response.raw.stream(_CHUNK, decode_content=False)
    except urllib3.exceptions.TimeoutError:
        raise _BrokenOffError("no bytes came for too long") from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise _BrokenOffError("the connection broke off") from None
