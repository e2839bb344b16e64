"""Archives are unpacked whole or not at all, and never outside; patches apply or are an error."""

from __future__ import annotations

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import stat
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybuild.errors import ArchiveError
from pybuild.fetch import unpack as unpacking
from pybuild.fetch.members import Limits
from pybuild.fetch.unpack import apply_patches, unpack

Member = tuple[str, str, bytes]  # name, kind, contents or target
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
KINDS = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "sym": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "char": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "odd": b"Q",
}
HONEST: Sequence[Member] = (
    ("demo-1.0/", "dir", b""),
    ("demo-1.0/setup.py", "file", b"print()"),
    ("demo-1.0/src/demo.c", "file", b"int x;"),
    ("demo-1.0/src/link.c", "sym", b"demo.c"),
    ("demo-1.0/src/up.py", "sym", b"../setup.py"),
    ("demo-1.0/copy.py", "hard", b"demo-1.0/setup.py"),
)


def make_tar(members: Sequence[Member], mode: int = 0o644) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type = KINDS[kind]
            info.mode, info.mtime, info.uid = mode, 1_500_000_000, 12345
            if kind in ("sym", "hard"):
                info.linkname = data.decode("utf-8", "surrogateescape")
            info.size = len(data) if kind == "file" else 0
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def make_zip(members: Sequence[Member], mode: int = 0o644) -> bytes:
    types = {"file": stat.S_IFREG, "dir": stat.S_IFDIR, "sym": stat.S_IFLNK, "fifo": stat.S_IFIFO}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about duplicate names, which are wanted here
        for name, kind, data in members:
            info = zipfile.ZipInfo(name, (2017, 7, 14, 2, 40, 0))
            info.external_attr = (types[kind] | mode) << 16
            packed.writestr(info, data)
    return out.getvalue()


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that unpacks bytes in a folder of their own and returns the destination."""

    def run(data: bytes, **kwargs: Limits) -> Path:
        archive = tmp_path / "archive"
        archive.write_bytes(data)
        (tmp_path / "out").mkdir(exist_ok=True)
        unpack(archive, tmp_path / "out" / "source", **kwargs)
        return tmp_path / "out" / "source"

    return run


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tar_is_unpacked(place: Callable[..., Path], pack: Callable[[bytes], bytes]) -> None:
    """Plain and compressed tar archives lose their top folder and keep inner links, times and bits."""
    source = place(pack(make_tar(HONEST)))
    assert names_in(source) == ["copy.py", "setup.py", "src", "src/demo.c", "src/link.c", "src/up.py"]
    assert (source / "src/link.c").read_text() == "int x;"
    assert (source / "src/up.py").read_text() == (source / "copy.py").read_text() == "print()"
    assert (source / "setup.py").stat().st_mtime == 1_500_000_000
    assert (source / "setup.py").stat().st_uid == os.getuid()
    assert (source / "copy.py").stat().st_nlink == 1
    assert names_in(source.parent)[0] == "source"


def test_zip_is_unpacked(place: Callable[..., Path]) -> None:
    """Zip archives are unpacked the same way."""
    source = place(make_zip(HONEST[:5], mode=0o755))
    assert names_in(source) == ["setup.py", "src", "src/demo.c", "src/link.c", "src/up.py"]
    assert (source / "src/link.c").is_symlink()
    assert os.access(source / "setup.py", os.X_OK)


def test_archive_without_top_folder(place: Callable[..., Path]) -> None:
    """Where there is no single top folder, everything stays where it is."""
    source = place(make_tar([("./a/b", "file", b""), ("./c", "file", b""), ("a/l", "sym", b"../c")]))
    assert names_in(source) == ["a", "a/b", "a/l", "c"]


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_dangerous_bits_are_dropped(
    place: Callable[..., Path], make: Callable[[Sequence[Member], int], bytes]
) -> None:
    """Setuid, setgid, sticky and write bits for others do not come in."""
    source = place(make([("d/", "dir", b""), ("d/f", "file", b"x")], 0o7777))
    assert stat.S_IMODE((source / "f").stat().st_mode) == 0o755
    assert stat.S_IMODE(source.stat().st_mode) & 0o7022 == 0


HOSTILE: dict[str, Sequence[Member]] = {
    "upwards": [("d/a", "file", b""), ("d/../../evil", "file", b"x")],
    "upwards-inside": [("d/a/../b", "file", b"x")],
    "absolute": [("/tmp/evil", "file", b"x")],
    "symlink-absolute": [("d/l", "sym", b"/etc/passwd")],
    "symlink-out": [("d/l", "sym", b"../../evil")],
    "symlink-out-of-top": [("d/l", "sym", b"../evil")],
    "symlink-by-symlink": [("d/e/f/a", "sym", b"../.."), ("d/e/f/b", "sym", b"a/../../evil")],
    "write-through-dirlink": [("d/l", "sym", b"e"), ("d/e/", "dir", b""), ("d/l/f", "file", b"x")],
    "write-through-filelink": [("d/f", "file", b""), ("d/l", "sym", b"f"), ("d/l", "file", b"x")],
    "folder-over-link": [("d/e/", "dir", b""), ("d/l", "sym", b"e"), ("d/l/", "dir", b"")],
    "file-over-folder": [("d/e/", "dir", b""), ("d/e", "file", b"x")],
    "folder-over-file": [("d/e", "file", b"x"), ("d/e/f", "file", b"x")],
    "pipe": [("d/p", "fifo", b"")],
    "too-deep": [("d/" * 200 + "f", "file", b"x")],
}
HOSTILE_TAR: dict[str, Sequence[Member]] = {
    "hardlink-absolute": [("d/h", "hard", b"/etc/passwd")],
    "hardlink-out": [("d/h", "hard", b"d/../../archive")],
    "hardlink-missing": [("d/h", "hard", b"d/none")],
    "hardlink-to-symlink": [("d/l", "sym", b"f"), ("d/h", "hard", b"d/l")],
    "hardlink-by-symlink": [("d/e/f", "file", b""), ("d/l", "sym", b"e"), ("d/h", "hard", b"d/l/f")],
    "device": [("d/c", "char", b"")],
    "disk": [("d/b", "block", b"")],
    "unknown": [("d/o", "odd", b"")],
}


@pytest.mark.parametrize("name", [*HOSTILE, *HOSTILE_TAR])
@pytest.mark.parametrize("own_check_only", [False, True])
def test_hostile_tar_is_refused(
    place: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    own_check_only: bool,
) -> None:
    """Each attack is refused by our own check, with or without Python's; nothing is left behind."""
    if own_check_only:
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
    members = {**HOSTILE, **HOSTILE_TAR}[name]
    (tmp_path / "victim").write_text("")
    with pytest.raises(ArchiveError) as caught:
        place(make_tar(members))
    assert str(tmp_path / "archive") in str(caught.value)
    assert repr(members[-1][0].rstrip("/"))[1:-1] in str(caught.value)
    assert "Python's own check" not in str(caught.value)
    assert names_in(tmp_path) == ["archive", "out", "victim"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_zip_is_refused(place: Callable[..., Path], tmp_path: Path, name: str) -> None:
    """The same attacks in a zip archive are refused."""
    with pytest.raises(ArchiveError) as caught:
        place(make_zip(HOSTILE[name]))
    assert HOSTILE[name][-1][0] in str(caught.value)
    assert names_in(tmp_path) == ["archive", "out"]


def test_later_duplicate_replaces_file(place: Callable[..., Path]) -> None:
    """A second file of the same name replaces the first, and not what the first was linked to."""
    members = [("d/a", "file", b"1"), ("d/h", "hard", b"d/a"), ("d/a", "file", b"2"), ("d/a", "hard", b"d/a")]
    source = place(make_tar(members))
    assert ((source / "a").read_bytes(), (source / "h").read_bytes()) == (b"2", b"1")


BIG = [("d/zeros", "file", bytes(3 * 2**20)), ("d/more", "file", b"x")]


@pytest.mark.parametrize("data", [make_tar(BIG), gzip.compress(make_tar(BIG)), make_zip(BIG)])
@pytest.mark.parametrize("limits", [Limits(size=2**20), Limits(members=1), Limits(ratio=0, harmless=2**20)])
def test_absurd_archives_are_refused(
    place: Callable[..., Path], tmp_path: Path, data: bytes, limits: Limits
) -> None:
    """Too many bytes, too many members and too great a ratio are refused; nothing is left behind."""
    with pytest.raises(ArchiveError, match="not unpacked further"):
        place(data, limits=limits)
    assert names_in(tmp_path) == ["archive", "out"]
    place(data)


def test_hardlinks_count_as_data(place: Callable[..., Path]) -> None:
    """Many links to one large file, which become copies, are counted in full."""
    members = [BIG[0], *((f"d/{number}", "hard", b"d/zeros") for number in range(10))]
    with pytest.raises(ArchiveError, match="not unpacked further"):
        place(make_tar(members), limits=Limits(size=8 * 2**20))


def test_giant_header_is_refused(place: Callable[..., Path]) -> None:
    """An extended header of a gigabyte is refused before it is read into memory."""
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, 2**30
    with pytest.raises(ArchiveError, match="a header of"):
        place(info.tobuf() + bytes(2**20))


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>" * 100, bytes(10240), make_zip([])])
def test_no_archive_at_all(place: Callable[..., Path], tmp_path: Path, data: bytes) -> None:
    """Something that is no archive, or an empty one, is an error with a hint where there is one."""
    with pytest.raises(ArchiveError, match="archive"):
        place(data)
    assert names_in(tmp_path) == ["archive", "out"]


LONG: Sequence[Member] = [(f"d/{number}", "file", os.urandom(3000)) for number in range(20)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, make_zip])
def test_every_truncation_is_noticed(
    place: Callable[..., Path], tmp_path: Path, pack: Callable[[object], bytes]
) -> None:
    """An archive that ends early, wherever, is an error and leaves nothing."""
    whole = pack(LONG) if pack is make_zip else pack(make_tar(LONG))
    end = 20 * (3072 + 512) if pack is bytes else len(whole)
    for length in (*range(0, end, 3571), *range(512, end, 512 * 7), end - 1):
        with pytest.raises(ArchiveError):
            place(whole[:length])
    assert names_in(tmp_path) == ["archive", "out"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, make_zip])
def test_changed_bytes_are_noticed(place: Callable[..., Path], pack: Callable[[object], bytes]) -> None:
    """A flipped bit in compressed data is an error."""
    whole = bytearray(pack(LONG) if pack is make_zip else pack(make_tar(LONG)))
    whole[len(whole) // 2] ^= 1
    with pytest.raises(ArchiveError, match="damaged"):
        place(bytes(whole))


def test_damaged_header_in_the_middle(place: Callable[..., Path]) -> None:
    """A header whose check sum is wrong is damage, not the end of the archive."""
    whole = bytearray(make_tar(LONG))
    whole[5 * (3072 + 512)] ^= 1
    with pytest.raises(ArchiveError, match="no end after"):
        place(bytes(whole))


def test_encrypted_zip_is_refused(place: Callable[..., Path]) -> None:
    """A member that needs a password is named."""
    data = bytearray(make_zip([("d/f", "file", b"x")]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveError, match="it is encrypted"):
        place(bytes(data))


def test_destination_in_use(place: Callable[..., Path], tmp_path: Path) -> None:
    """A destination with files in it is not touched."""
    (tmp_path / "out/source").mkdir(parents=True)
    (tmp_path / "out/source/mine").write_text("")
    with pytest.raises(ArchiveError, match="cannot be unpacked into"):
        place(make_tar(HONEST))
    assert names_in(tmp_path / "out") == ["source", "source/mine"]


def test_interruption_leaves_nothing(
    place: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while unpacking passes through and leaves nothing."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(unpacking, "unpack_tar", interrupt)
    with pytest.raises(KeyboardInterrupt):
        place(make_tar(HONEST))
    assert names_in(tmp_path) == ["archive", "out"]


NAMES = st.one_of(
    st.lists(st.sampled_from(["..", ".", "", "a", "b", "d", "evil"]), min_size=1, max_size=5).map("/".join),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30),
)
MEMBERS = st.lists(
    st.tuples(NAMES, st.sampled_from(["file", "dir", "sym", "hard", "fifo"]), NAMES.map(str.encode)),
    max_size=8,
)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in folder.rglob("*")
    }


def is_loop(path: Path) -> bool:
    """Return whether a link leads to itself in the end, so that the system refuses to follow it."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


@settings(max_examples=250)
@given(MEMBERS, st.sampled_from(["tar", "zip"]))
def test_random_members_never_write_outside(members: list[Member], form: str) -> None:
    """Whatever members an archive has, nothing beside the destination changes and no link leads out of it."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder).resolve()
        (top / "out" / "evil").mkdir(parents=True)
        (top / "evil").write_text("untouched")
        (top / "out" / "a").write_text("untouched")
        archive = top / "archive"
        safe = [member for member in members if form == "tar" or member[1] != "hard"]
        archive.write_bytes(make_tar(safe) if form == "tar" else make_zip(safe))
        before = snapshot(top)
        destination = top / "out" / "source"
        with contextlib.suppress(ArchiveError):
            unpack(archive, destination)
            for path in destination.rglob("*"):
                if is_loop(path):  # leads nowhere, though realpath may say that it leads to the root
                    continue
                real = Path(os.path.realpath(path))
                assert real == destination or destination in real.parents, path
        after = {
            name: entry
            for name, entry in snapshot(top).items()
            if name != "out/source" and not name.startswith("out/source/")
        }
        assert after == before


PATCH = b"""--- a/setup.py
+++ b/setup.py
@@ -1 +1 @@
-print()
+print(1)
"""


def test_patches_apply_in_order(place: Callable[..., Path], tmp_path: Path) -> None:
    """Patches change the source one after the other and leave no other files."""
    source = place(make_tar([("d/setup.py", "file", b"print()\n")]))
    (tmp_path / "1.patch").write_bytes(PATCH)
    (tmp_path / "2.patch").write_bytes(
        PATCH.replace(b"print(1)", b"print(2)").replace(b"print()", b"print(1)")
    )
    apply_patches(source, [tmp_path / "1.patch", tmp_path / "2.patch"], env=BARE)
    assert (source / "setup.py").read_text() == "print(2)\n"
    assert names_in(source) == ["setup.py"]


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        (PATCH.replace(b"-print()", b"-other()"), "setup.py: Hunk #1 FAILED"),
        (PATCH.replace(b"print(1)", b"print()").replace(b"-print()", b"-print(1)"), "previously applied"),
        (b"no patch", "garbage"),
        (PATCH.replace(b"/setup.py", b"/../../victim"), ""),
    ],
)
def test_patch_that_does_not_apply(
    place: Callable[..., Path], tmp_path: Path, patch: bytes, words: str
) -> None:
    """A failing, already applied, unreadable or escaping patch is an error that names it."""
    source = place(make_tar([("d/setup.py", "file", b"print()\n")]))
    (tmp_path / "victim").write_bytes(b"print()\n")
    (tmp_path / "out/victim").write_bytes(b"print()\n")
    (tmp_path / "bad.patch").write_bytes(patch)
    with pytest.raises(ArchiveError, match=r"bad\.patch does not apply") as caught:
        apply_patches(source, [tmp_path / "bad.patch"], env=BARE)
    assert words in str(caught.value)
    assert (tmp_path / "out/victim").read_bytes() == (tmp_path / "victim").read_bytes() == b"print()\n"


def test_missing_patch_program(place: Callable[..., Path], tmp_path: Path) -> None:
    """Where there is no patch program, the hint says to install it."""
    source = place(make_tar(HONEST))
    with pytest.raises(ArchiveError, match="cannot be applied") as caught:
        apply_patches(source, [tmp_path / "x.patch"], env={"PATH": str(tmp_path)})
    assert "install" in (caught.value.hint or "")
