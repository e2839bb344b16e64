"""Sources arrive whole, checked and once, whatever the network, the server and other processes do."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from pybuild.errors import ChecksumError, FetchError
from pybuild.fetch import download as downloads
from pybuild.fetch import git, parts
from pybuild.fetch.pipconfig import PipConfig
from pybuild.fetch.session import open_session
from pybuild.fetch.source import cached_path, fetch
from pybuild.fetch.writer import Writer
from pybuild.model.plan import Download
from tests.servers import Fault, Server

BODY = bytes(range(256)) * 4096
NAME = "demo-1.0.tar.gz"
PATH = f"/files/{NAME}"


def wanted(body: bytes = BODY, **kwargs: str) -> Download:
    return Download(file=NAME, sha256=hashlib.sha256(body).hexdigest(), **kwargs)


def nobody(_: Download) -> str:
    raise AssertionError("the index was asked")


class Mirror:
    """Says that every file is at one address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, download: Download) -> str:
        assert download.pypi == "demo"
        return self.url


class Recorder:
    """Notes what a download tells."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def started(self, name: str, total: int | None) -> None:
        self.told.append(("started", name, total))

    def advanced(self, count: int) -> None:
        self.told.append(("advanced", count))

    def finished(self) -> None:
        self.told.append(("finished",))

    def bytes_since_start(self) -> int:
        last = max(index for index, entry in enumerate(self.told) if entry[0] == "started")
        return sum(int(str(entry[1])) for entry in self.told[last:] if entry[0] == "advanced")


@pytest.fixture
def get(server: Server, session: requests.Session, tmp_path: Path) -> Callable[..., Path]:
    server.add(PATH, BODY)

    def run(download: Download | None = None, progress: Recorder | None = None) -> Path:
        download = download or wanted(url=server.url + PATH)
        extra = {"progress": progress} if progress else {}
        return fetch(download, cache=tmp_path, locate=nobody, session=lambda: session, **extra)

    return run


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_source_is_fetched_once(server: Server, get: Callable[..., Path], tmp_path: Path) -> None:
    """The first run downloads into a place named by the hash; the second asks nobody."""
    path = get()
    digest = wanted().sha256
    assert path == tmp_path / "sources" / digest[:2] / digest / NAME
    assert path.read_bytes() == BODY
    assert get() == path
    assert len(server.seen) == 1


def test_cached_bytes_are_hashed_again(server: Server, get: Callable[..., Path]) -> None:
    """A cached file whose bytes have changed is not used but fetched anew."""
    path = get()
    path.write_bytes(b"x" + BODY[1:])
    assert get().read_bytes() == BODY
    assert len(server.seen) == 2


@pytest.mark.parametrize("kind", ["file", "commit"])
def test_a_damaged_source_stays_until_a_good_one_takes_its_place(
    session: requests.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Another process may have put a good one there after we had looked: its build unpacks that now."""
    download = wanted(pypi="demo", git="https://git.example/demo", commit="0" * 40)
    path, good = cached_path(download, tmp_path), tmp_path / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    good.write_bytes(BODY)
    seen = []

    def meanwhile(*_: object) -> str:
        seen.append(path.exists())
        return good.as_uri()

    def made(*_: object) -> Path:
        meanwhile()
        return good

    monkeypatch.setattr(git, "archive", made)
    if kind == "file":
        fetch(download, cache=tmp_path, locate=meanwhile, session=lambda: session)
    else:
        git.fetch_commit(download, cache=tmp_path, environ={})
    assert seen == [True]
    assert path.read_bytes() == BODY


def test_index_project_is_located(server: Server, session: requests.Session, tmp_path: Path) -> None:
    """Without an address of its own, a source's address is asked for, and a file address will do."""
    mirror = tmp_path / "mirror" / NAME
    mirror.parent.mkdir()
    mirror.write_bytes(BODY)
    for number, address in enumerate((mirror.as_uri(), server.add(PATH, BODY))):
        cache = tmp_path / str(number)
        path = fetch(wanted(pypi="demo"), cache=cache, locate=Mirror(address), session=lambda: session)
        assert path.read_bytes() == BODY


def test_wrong_bytes_are_not_kept(server: Server, get: Callable[..., Path], tmp_path: Path) -> None:
    """Other bytes of the same length give an error with both hashes, and nothing stays."""
    lie = b"x" + BODY[1:]
    server.misbehave(PATH, Fault("wrong-bytes", body=lie))
    with pytest.raises(ChecksumError) as caught:
        get()
    for text in (NAME, hashlib.sha256(lie).hexdigest(), wanted().sha256):
        assert text in str(caught.value)
    assert kept(tmp_path) == []


def test_broken_download_goes_on(server: Server, get: Callable[..., Path]) -> None:
    """A connection that breaks in the body is resumed where it stopped, and progress adds up."""
    progress = Recorder()
    server.misbehave(PATH, Fault("break", times=2, after=300_000))
    assert get(progress=progress).read_bytes() == BODY
    starts = [int(seen.headers.get("Range", "bytes=0-")[6:-1]) for seen in server.seen]
    assert len(starts) == 3
    assert 0 == starts[0] < starts[1] < starts[2]
    assert progress.bytes_since_start() == len(BODY)
    assert progress.told[0] == ("started", NAME, len(BODY))
    assert progress.told[-1] == ("finished",)


@pytest.mark.parametrize(("fault", "requests_made"), [(Fault("ignore-range"), 2), (Fault("wrong-range"), 3)])
def test_server_without_ranges(
    server: Server, get: Callable[..., Path], fault: Fault, requests_made: int
) -> None:
    """A server that ignores Range, or answers with another part, makes us begin again."""
    progress = Recorder()
    server.misbehave(PATH, Fault("break", times=1, after=300_000))
    server.misbehave(PATH, replace(fault, times=1))
    assert get(progress=progress).read_bytes() == BODY
    assert progress.bytes_since_start() == len(BODY)
    assert len(server.seen) == requests_made


def test_truncated_download_is_an_error(server: Server, get: Callable[..., Path], tmp_path: Path) -> None:
    """A body that is always shorter than announced is an error after a few tries, and its part is kept."""
    server.misbehave(PATH, Fault("break", after=100_000))
    with pytest.raises(FetchError, match="did not arrive whole in 6 tries") as caught:
        get()
    assert "run the same command again" in (caught.value.hint or "")
    assert len(server.seen) == downloads.TRIES
    assert kept(tmp_path) == [f"{NAME}.part"]


def test_next_run_resumes(server: Server, get: Callable[..., Path], tmp_path: Path) -> None:
    """What a failed run leaves is used by the next one and gone afterwards."""
    server.misbehave(PATH, Fault("break", times=1, after=300_000))
    server.misbehave(PATH, Fault("status", times=4, code=404))
    with pytest.raises(FetchError, match="HTTP 404"):
        get()
    assert kept(tmp_path) == [f"{NAME}.part"]
    for _ in range(3):
        with pytest.raises(FetchError):
            get()
    assert get().read_bytes() == BODY
    assert int(server.seen[-1].headers["Range"][6:-1]) > 0
    assert kept(tmp_path) == [NAME]


def test_killed_run_is_resumed(server: Server, get: Callable[..., Path], tmp_path: Path) -> None:
    """The part of a process that was killed in the middle is taken over."""
    server.misbehave(PATH, Fault("slow", times=1, after=300_000, seconds=600))
    child = _start(server, tmp_path)
    deadline = time.monotonic() + 120
    while not any(path.stat().st_size > 200_000 for path in tmp_path.rglob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.kill()
    child.wait()
    assert get().read_bytes() == BODY
    assert int(server.seen[-1].headers["Range"][6:-1]) > 200_000
    assert kept(tmp_path) == [NAME]


def test_wrong_part_does_not_spoil_the_source(
    server: Server, get: Callable[..., Path], tmp_path: Path
) -> None:
    """Rubbish left in a part, even longer than the file, costs a second download but no error."""
    target = cached_path(wanted(), tmp_path)
    target.parent.mkdir(parents=True)
    for rubbish in (b"rubbish" * 1000, BODY + b"more"):
        target.with_name(f"{NAME}.part").write_bytes(rubbish)
        assert get().read_bytes() == BODY
        assert kept(tmp_path) == [NAME]
        target.unlink()


def test_two_processes_at_once(server: Server, tmp_path: Path) -> None:
    """Two processes that fetch one file at the same time both succeed, and leave just the file."""
    server.add(PATH, BODY)
    server.misbehave(PATH, Fault("slow", after=300_000, seconds=1))
    children = [_start(server, tmp_path) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    assert kept(tmp_path) == [NAME]


def test_part_is_claimed_by_one(tmp_path: Path) -> None:
    """Of two who want the bytes that somebody left, one gets them; a released part is free again."""
    target = tmp_path / NAME
    target.with_name(f"{NAME}.part").write_bytes(b"bytes")
    (first, left), (second, nothing) = parts.claim(target), parts.claim(target)
    assert left is not None
    assert left.read_bytes() == b"bytes"
    assert nothing is None
    assert first != second
    parts.release(left, target)
    assert parts.claim(target)[1] is not None


def test_part_of_a_living_process_is_left_alone(
    server: Server, get: Callable[..., Path], tmp_path: Path
) -> None:
    """Parts of living processes here and of unknown ones elsewhere are not taken, unless they are old."""
    target = cached_path(wanted(), tmp_path)
    target.parent.mkdir(parents=True)
    living = target.with_name(f"{NAME}.{socket.gethostname()}.{os.getppid()}.ab.part")
    elsewhere = target.with_name(f"{NAME}.other-node.1.cd.part")
    for part in (living, elsewhere):
        part.write_bytes(BODY[:1000])
    get()
    assert kept(tmp_path) == sorted((NAME, living.name, elsewhere.name))
    target.unlink()
    os.utime(elsewhere, (1, time.time() - parts.ABANDONED - 10))
    get()
    assert server.seen[-1].headers["Range"] == "bytes=1000-"
    assert kept(tmp_path) == sorted((NAME, living.name))


def test_owner_wrongly_taken_for_dead(get: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose part is taken away while it works writes nothing into the finished file."""
    robbed: list[Path] = []
    original = Writer.close

    def close(self: Writer) -> str:
        digest = original(self)
        if not robbed:
            part = Path(self._stream.name)
            robbed.append(part)
            monkeypatch.setattr(parts, "_is_alive", lambda _: False)
            assert get().read_bytes() == BODY
            self.write(b"late bytes")
            self._stream.flush()
        return digest

    monkeypatch.setattr(Writer, "close", close)
    assert get().read_bytes() == BODY
    assert robbed


def test_server_errors_are_tried_again(server: Server, get: Callable[..., Path]) -> None:
    """Answers 500 and 429 are survived; a server that asks for an hour's patience does not get it."""
    server.misbehave(PATH, Fault("status", times=1, code=500))
    server.misbehave(PATH, Fault("status", times=1, code=429))
    assert get().read_bytes() == BODY
    assert len(server.seen) == 3


def test_retry_after_is_bounded(
    server: Server, get: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retry-After is respected up to a minute, not for a day."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.misbehave(PATH, Fault("status", times=1, code=503, headers={"Retry-After": "86400"}))
    assert get().read_bytes() == BODY
    assert 60.0 in slept
    assert max(slept) == 60.0


@pytest.mark.parametrize(("code", "words"), [(404, "moved"), (403, "credentials"), (500, "try again later")])
def test_lasting_refusal(server: Server, get: Callable[..., Path], code: int, words: str) -> None:
    """A server's lasting refusal is one sentence with its code and a hint, without secrets."""
    server.misbehave(PATH, Fault("status", code=code))
    url = server.url.replace("//", "//user:secret@") + PATH + "?token=secret"
    server.misbehave(PATH + "?token=secret", Fault("status", code=code))
    with pytest.raises(FetchError, match=f"HTTP {code}") as caught:
        get(wanted(url=url))
    assert "secret" not in str(caught.value)
    assert words in (caught.value.hint or "")


def test_silent_server(server: Server, tmp_path: Path, no_proxy: None) -> None:
    """A server that stops in the body is given up after pip's timeout and asked again."""
    server.add(PATH, BODY)
    server.misbehave(PATH, Fault("slow", times=1, after=300_000, seconds=600))
    download = wanted(url=server.url + PATH)
    with open_session(PipConfig(timeout=1)) as session:
        path = fetch(download, cache=tmp_path, locate=nobody, session=lambda: session)
    assert path.read_bytes() == BODY
    assert len(server.seen) >= 2  # on a busy machine even the server of this test may be silent for a second


def test_labelled_compression_is_left_alone(get: Callable[..., Path], server: Server) -> None:
    """A .tar.gz that a server labels as compressed content arrives as it is."""
    packed = gzip.compress(BODY)
    server.add(PATH, packed)
    server.extra_headers = {"Content-Encoding": "gzip"}
    assert get(wanted(packed, url=server.url + PATH)).read_bytes() == packed


@pytest.mark.parametrize("url", ["http://files.invalid/x.tar.gz", "file:///etc/hosts", "ftp://127.0.0.1/x"])
def test_recipe_address_must_be_https(get: Callable[..., Path], url: str) -> None:
    """A recipe's own address that is not https is refused, also a file address."""
    with pytest.raises(FetchError, match="which is not https"):
        get(wanted(url=url))


def test_redirect_to_plain_http_is_refused(get: Callable[..., Path], server: Server) -> None:
    """A download that is redirected to plain http elsewhere is refused before anything is sent there."""
    server.misbehave(PATH, Fault("redirect", location="http://files.invalid/x"))
    with pytest.raises(FetchError, match="which is not https"):
        get()


@pytest.mark.parametrize(
    "download",
    [
        Download(file="../x", sha256="0" * 64, url="https://a.example/x"),
        Download(file="..", sha256="0" * 64, url="https://a.example/x"),
        Download(file="x", sha256="../" + "0" * 61, url="https://a.example/x"),
    ],
)
def test_names_cannot_leave_the_cache(get: Callable[..., Path], download: Download) -> None:
    """Neither a file's name nor its hash can point outside the cache."""
    with pytest.raises(FetchError):
        get(download)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk(
    get: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A full disk is a sentence with a hint, and the part does not go on filling it."""
    _failing_writes(monkeypatch, number)
    with pytest.raises(FetchError, match="no space is left in") as caught:
        get()
    assert "free some space" in (caught.value.hint or "")
    assert kept(tmp_path) == []


def test_really_full_disk(server: Server, session: requests.Session, tmp_path: Path) -> None:
    """The same with a file system that is really full."""
    small = tmp_path / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=256k", "none", str(small)]
    if not (mount := shutil.which("mount")) or subprocess.run([mount, *options], check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        download = wanted(url=server.add(PATH, BODY))
        with pytest.raises(FetchError, match="no space is left in"):
            fetch(download, cache=small, locate=nobody, session=lambda: session)
        assert kept(small) == []
    finally:
        subprocess.run([f"{mount.removesuffix('mount')}umount", str(small)], check=True)


def test_forbidden_directory(get: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache where we may not write is a sentence with a hint."""
    _failing_writes(monkeypatch, errno.EACCES)
    with pytest.raises(FetchError, match=r"cannot be kept in .*: permission denied") as caught:
        get()
    assert "where you may write" in (caught.value.hint or "")


def test_cache_below_a_file(server: Server, session: requests.Session, tmp_path: Path) -> None:
    """A cache that cannot be a directory is a sentence, not a traceback."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(FetchError, match="cannot be kept"):
        fetch(wanted(url=server.url), cache=tmp_path / "cache", locate=nobody, session=lambda: session)


@pytest.mark.parametrize("url", ["file:///nonexistent/x", "file:///dev/null", "file:///tmp"])
def test_local_address_that_is_no_file(session: requests.Session, tmp_path: Path, url: str) -> None:
    """A file address of something that is no file is a sentence."""
    with pytest.raises(FetchError, match=r"cannot be read|is not a file"):
        fetch(wanted(pypi="demo"), cache=tmp_path, locate=lambda _: url, session=lambda: session)


def test_interruption_keeps_what_came(
    get: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a download passes through and leaves a part that the next run resumes."""
    original = Writer.write

    def write(self: Writer, chunk: bytes) -> None:
        original(self, chunk)
        if self.size > 300_000:
            raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "write", write)
    with pytest.raises(KeyboardInterrupt):
        get()
    assert kept(tmp_path) == [f"{NAME}.part"]


def _failing_writes(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    original = Writer.write

    def write(self: Writer, chunk: bytes) -> None:
        original(self, chunk)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Writer, "write", write)


def _start(server: Server, cache: Path) -> subprocess.Popen[bytes]:
    """Fetch in a process of its own."""
    server.add(PATH, BODY)
    program = (
        "import sys; from pathlib import Path; from pybuild.fetch.source import fetch;"
        "from pybuild.fetch.pipconfig import PipConfig; from pybuild.fetch.session import open_session;"
        "from pybuild.model.plan import Download; url, name, digest, cache = sys.argv[1:];"
        "fetch(Download(file=name, sha256=digest, url=url), cache=Path(cache), locate=str,"
        " session=lambda: open_session(PipConfig()))"
    )
    argv = [sys.executable, "-c", program, server.url + PATH, NAME, wanted().sha256, str(cache)]
    return subprocess.Popen(argv, cwd=Path(__file__).parents[2])
