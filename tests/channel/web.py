"""A web server that takes PUT as conda servers and WebDAV do, in a folder, and misbehaves on command."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Dav:
    """What is kept, and how.

    Attributes:
        tags: whether it gives ETags and minds ``If-Match``.
        cut: files (by end of path) of which only so many bytes arrive, once.
        refuse: code for every PUT instead.
        folders: whether folders must be made with MKCOL first.
    """

    root: Path
    url: str = ""
    tags: bool = True
    cut: dict[str, int] = field(default_factory=dict)
    refuse: int = 0
    folders: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def tag_of(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


class _Handler(BaseHTTPRequestHandler):
    dav: Dav
    protocol_version = "HTTP/1.1"

    def _path(self) -> Path:
        self.dav.seen.append((self.command, self.path))
        return self.dav.root / self.path.lstrip("/")

    def _answer(self, code: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self) -> None:
        path = self._path()
        if not path.is_file():
            self._answer(404)
            return
        data = path.read_bytes()
        self._answer(200, data, **({"ETag": tag_of(data)} if self.dav.tags else {}))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_MKCOL(self) -> None:
        path = self._path()
        if path.is_dir():
            self._answer(405)
        else:
            path.mkdir()
            self._answer(201)

    def do_PUT(self) -> None:
        path = self._path()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.dav.refuse:
            self._answer(self.dav.refuse)
            return
        with self.dav.lock:
            there = path.read_bytes() if path.is_file() else None
            wanted = self.headers.get("If-Match")
            if self.dav.tags and (
                (wanted and (there is None or tag_of(there) != wanted))
                or (self.headers.get("If-None-Match") == "*" and there is not None)
            ):
                self._answer(412)
                return
            if self.dav.folders and not path.parent.is_dir():
                self._answer(409)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            cut = next((end for end in self.dav.cut if path.name.startswith(end)), None)
            path.write_bytes(data if cut is None else data[: self.dav.cut.pop(cut)])
        self._answer(201)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving_dav(root: Path) -> Iterator[Dav]:
    """Serve a folder on this machine."""
    root.mkdir()
    dav = Dav(root)
    handler = type("Handler", (_Handler,), {"dav": dav})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    dav.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield dav
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
