"""A channel on a web server that takes ``PUT``: conda servers, nginx and Apache with WebDAV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import quote

import requests

from pybuild.errors import ChannelError
from pybuild.fetch.addresses import check_safe, redact
from pybuild.fetch.session import describe

TRIES = 20
"""How often a file that others write as well is read, changed and written again."""

_CHUNK = 2**20
_UNREACHED = "check the address, and the proxy and certificate that `python3 -m pip config list` shows"


class WebStore:
    """A channel by its address.

    A server that gives ETags is asked to write only what nobody else has changed meanwhile (``If-Match``);
    of one that gives none, the file is read again afterwards, which finds most of what it does not prevent.

    Its methods raise ``ChannelError`` where the server cannot be reached, refuses, or sends something else.

    Args:
        session: returns the open session, with pip's certificate and proxy.

    Raises:
        FetchError: the address is neither https nor on this machine.
    """

    def __init__(self, address: str, session: Callable[[], requests.Session]) -> None:
        check_safe(address, "the channel")
        self._address = address.rstrip("/")
        self._session = session

    @property
    def name(self) -> str:
        """Its address, without passwords."""
        return redact(self._address)

    def begin(self, subdir: str) -> None:
        """Make the folders where the server wants that; simple servers make them by themselves."""
        for path in ("", "noarch", subdir, f"{subdir}/.pybuild"):
            self._request("MKCOL", f"{path}/" if path else "", accepted=range(200, 600))

    def read(self, path: str) -> bytes | None:
        """Return a small file, None where there is none."""
        return self._read(path)[0]

    def has(self, path: str) -> bool:
        """Return True: asking for each of thousands of packages would take longer than what it could mend."""
        return True

    def get(self, path: str, target: Path) -> None:
        """Copy a file to this machine."""
        with (
            self._request("GET", path, accepted=(200,), stream=True) as response,
            target.open("wb") as stream,
        ):
            try:
                for chunk in response.iter_content(_CHUNK):
                    stream.write(chunk)
            except (requests.RequestException, OSError) as error:
                raise ChannelError(f"{self.name}/{path}: did not arrive whole: {describe(error)}") from None

    def put(self, path: str, source: Path) -> None:
        """Copy a file there; it counts only once an index names it, after its length was asked for."""
        with source.open("rb") as stream:
            self._write(path, stream, {})
        size = source.stat().st_size
        there = self._request("HEAD", path, accepted=(200,)).headers.get("Content-Length")
        if there is not None and there != str(size):
            raise ChannelError(
                f"{self.name}/{path}: {there} bytes arrived, expected {size}", hint="push again"
            )

    def edit(self, path: str, change: Callable[[bytes | None], bytes]) -> None:
        """Replace a small file by what a function makes of it."""
        for _ in range(TRIES):
            before, tag = self._read(path)
            after = change(before)
            if after == before:
                return
            condition = {"If-Match": tag} if tag else {"If-None-Match": "*"} if before is None else {}
            code = self._write(path, after, condition, also=(409, 412))
            if code in (409, 412):
                continue
            if self.read(path) == after or tag:
                return
        raise ChannelError(f"{self.name}/{path}: others change it all the time", hint="push again later")

    def _read(self, path: str) -> tuple[bytes | None, str]:
        response = self._request("GET", path, accepted=(200, 404, 410))
        if response.status_code != 200:
            return None, ""
        tag = response.headers.get("ETag", "")
        return response.content, "" if tag.startswith("W/") else tag

    def _write(
        self, path: str, data: bytes | IO[bytes], headers: dict[str, str], also: tuple[int, ...] = ()
    ) -> int:
        accepted = (200, 201, 202, 204, *also)
        return self._request("PUT", path, accepted=accepted, data=data, headers=headers).status_code

    def _request(
        self,
        method: str,
        path: str,
        *,
        accepted: range | tuple[int, ...],
        data: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
        stream: bool = False,
    ) -> requests.Response:
        url = f"{self._address}/{quote(path)}"
        headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache", **(headers or {})}
        try:
            response = self._session().request(
                method, url, data=data, headers=headers, stream=stream, allow_redirects=method == "GET"
            )
        except (requests.RequestException, OSError) as error:
            raise ChannelError(f"{redact(url)}: {describe(error)}", hint=_UNREACHED) from None
        if response.status_code not in accepted:
            raise ChannelError(
                f"{redact(url)}: the server answers {method} with HTTP {response.status_code}",
                hint=_hint(method, response.status_code),
            )
        return response


def _hint(method: str, code: int) -> str | None:
    if code in (401, 403, 407):
        return "give the server's user and password in ~/.netrc, or ask who may write there"
    if method == "PUT" and code in (404, 405, 501):
        return "the server does not take PUT: push to a directory that it serves"
    if code in (413, 507):
        return "there is no room for it on the server"
    return None
