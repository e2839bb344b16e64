"""A small web server on this machine that serves files and index pages, and misbehaves on command."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Kind = Literal["status", "break", "ignore-range", "wrong-range", "wrong-bytes", "slow", "redirect"]


@dataclass
class Fault:
    """One way to misbehave.

    Attributes:
        times: for how many requests; None for all.
        code: of the answer, for ``status`` and ``redirect``.
        after: bytes of the body before the connection ends, for ``break``; before the pause, for ``slow``.
        seconds: length of the pause, for ``slow``.
        location: where to, for ``redirect``.
        body: what is sent instead, for ``wrong-bytes``.
        headers: extra headers of the answer, for ``status``.
    """

    kind: Kind
    times: int | None = None
    code: int = 500
    after: int = 0
    seconds: float = 0
    location: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Listed:
    """One file of an index page."""

    name: str
    body: bytes
    requires_python: str = ""
    yanked: bool = False
    href: str = ""
    with_hash: bool = True

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


class Server:
    """What is served, how it misbehaves, and what was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self.extra_headers: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    @property
    def simple(self) -> str:
        """Address of the index."""
        return f"{self.url}/simple"

    def add(self, path: str, body: bytes, kind: str = "application/octet-stream") -> str:
        """Serve bytes under a path; return their address."""
        self._files[path] = (body, kind)
        return self.url + path

    def index(self, project: str, files: Sequence[Listed], *, form: Literal["html", "json"] = "html") -> None:
        """Serve a project's page and its files, with relative links."""
        for file in files:
            self.add(f"/files/{file.name}", file.body)
        if form == "html":
            self.add(f"/simple/{project}/", html_page(files).encode(), "text/html; charset=utf-8")
        else:
            kind = "application/vnd.pypi.simple.v1+json"
            self.add(f"/simple/{project}/", json_page(project, files).encode(), kind)

    def misbehave(self, path: str, fault: Fault) -> None:
        """Misbehave for requests of a path; faults given for one path act one after the other."""
        self._faults.setdefault(path, []).append(fault)

    def asked(self, path: str) -> list[Seen]:
        """Return the requests of a path so far."""
        return [seen for seen in self.seen if seen.path == path]

    def answer(self, path: str) -> tuple[tuple[bytes, str] | None, Fault | None]:
        """Return what is served for a path, and the fault whose turn it is."""
        with self._lock:
            for fault in self._faults.get(path, []):
                if fault.times is None:
                    return self._files.get(path), fault
                if fault.times > 0:
                    fault.times -= 1
                    return self._files.get(path), fault
        return self._files.get(path), None


def html_page(files: Sequence[Listed]) -> str:
    """Return an index page as HTML."""
    links = []
    for file in files:
        href = file.href or f"../../files/{file.name}"
        fragment = f"#sha256={file.sha256}" if file.with_hash else ""
        python = f' data-requires-python="{escape(file.requires_python)}"' if file.requires_python else ""
        yanked = ' data-yanked="broken"' if file.yanked else ""
        links.append(f'<a href="{href}{fragment}"{python}{yanked}>{file.name}</a><br>')
    return "<!DOCTYPE html><html><body>\n" + "\n".join(links) + "\n</body></html>"


def json_page(project: str, files: Sequence[Listed]) -> str:
    """Return an index page as JSON."""
    entries = [
        {
            "filename": file.name,
            "url": file.href or f"../../files/{file.name}",
            "hashes": {"sha256": file.sha256} if file.with_hash else {},
            "requires-python": file.requires_python or None,
            "yanked": file.yanked,
        }
        for file in files
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": entries})


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Serve on a free port of 127.0.0.1 for as long as the context lasts."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server = Server(f"http://127.0.0.1:{httpd.server_address[1]}")
    httpd.site = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        site: Server = self.server.site  # type: ignore[attr-defined]
        site.seen.append(Seen(self.path, dict(self.headers.items())))
        found, fault = site.answer(self.path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._answer(found, fault or Fault("slow"))

    def _answer(self, found: tuple[bytes, str] | None, fault: Fault) -> None:
        if fault.kind == "status":
            self._short(fault.code, fault.headers)
        elif fault.kind == "redirect":
            self._short(fault.code if fault.code != 500 else 302, {"Location": fault.location})
        elif found is None:
            self._short(404, {})
        else:
            body, kind = found
            self._send(fault.body if fault.kind == "wrong-bytes" else body, kind, fault)

    def _short(self, code: int, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes, kind: str, fault: Fault) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(match[1]) if match and fault.kind != "ignore-range" else 0
        if match and start >= len(body):
            self._short(416, {"Content-Range": f"bytes */{len(body)}"})
            return
        self.send_response(206 if start else 200)
        if start:
            start = 0 if fault.kind == "wrong-range" else start
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Type", kind)
        for name, value in self.server.site.extra_headers.items():  # type: ignore[attr-defined]
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self._body(body[start:], fault)

    def _body(self, body: bytes, fault: Fault) -> None:
        if fault.kind == "break":
            self.wfile.write(body[: fault.after])
            self.close_connection = True
        elif fault.seconds:
            self.wfile.write(body[: fault.after])
            self.wfile.flush()
            time.sleep(fault.seconds)
            self.wfile.write(body[fault.after :])
        else:
            self.wfile.write(body)
