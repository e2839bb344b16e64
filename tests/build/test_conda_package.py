"""A staging folder becomes a package that conda's own library reads, and nothing in it is lost."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conda_package_streaming.package_streaming import stream_conda_component, stream_conda_info

from pybuild.build.conda_package import Metadata, pack
from tests.prefix.prefixes import in_child, make_prefix, sha256

PLACEHOLDER = "/build/host" + "_placeholder" * 18
METADATA = Metadata(
    name="thing", version="1.0", build="py311_here_habc_7", subdir="linux-64",
    depends=("python 3.11.*", "mpich 4.2.3 h_0"), summary="a thing", homepage="https://example.org",
    license="MIT", timestamp=1700000000000,
)  # fmt: skip


class Read(NamedTuple):
    """A package read back."""

    members: dict[str, tarfile.TarInfo]
    data: dict[str, bytes]
    info: dict[str, Any]

    def path(self, name: str) -> dict[str, Any]:
        """Return a path's entry of ``paths.json``."""
        (entry,) = [row for row in self.info["info/paths.json"]["paths"] if row["_path"] == name]
        return dict(entry)


def read(file: Path) -> Read:
    members, data, info = {}, {}, {}
    with file.open("rb") as handle:
        for tar, member in stream_conda_component(file.name, handle, component="pkg"):
            members[member.name] = member
            content = tar.extractfile(member) if member.isreg() else None
            data[member.name] = content.read() if content else b""
    for tar, member in stream_conda_info(str(file)):
        content = tar.extractfile(member)
        assert content is not None
        text = content.read().decode()
        info[member.name] = json.loads(text) if member.name.endswith(".json") else text
    return Read(members, data, info)


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


def packed(staging: Path, metadata: Metadata = METADATA, name: str = "out") -> Read:
    target = staging.parent / name
    target.mkdir()
    file = pack(staging, metadata, placeholder=PLACEHOLDER, target=target)
    assert file == target / "thing-1.0-py311_here_habc_7.conda"
    return read(file)


def write(staging: Path, name: str, data: bytes) -> Path:
    path = staging / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_index_and_about_say_what_conda_needs(staging: Path) -> None:
    """The fields of the format, with the build number from the end of the build string."""
    made = packed(staging)
    assert made.info["info/index.json"] == {
        "name": "thing", "version": "1.0", "build": "py311_here_habc_7", "build_number": 7,
        "subdir": "linux-64", "arch": "x86_64", "platform": "linux", "constrains": [], "license": "MIT",
        "depends": ["python 3.11.*", "mpich 4.2.3 h_0"], "timestamp": 1700000000000,
    }  # fmt: skip
    assert made.info["info/about.json"] == {
        "summary": "a thing",
        "home": "https://example.org",
        "license": "MIT",
    }


def test_every_file_is_there_with_hash_and_size(staging: Path) -> None:
    """Hidden files and empty ones too; the list is sorted and complete."""
    contents = {"bin/run": b"#!/bin/sh\n", ".hidden": b"h", "lib/.dir/x": b"", "lib/a b\xc3\xa4.py": b"1"}
    for name, data in contents.items():
        write(staging, name, data)
    made = packed(staging)
    assert made.data == contents
    assert made.info["info/files"].splitlines() == [
        row["_path"] for row in made.info["info/paths.json"]["paths"]
    ]
    assert sorted(made.info["info/files"].splitlines()) == sorted(contents)
    assert made.info["info/paths.json"]["paths_version"] == 1
    for name, data in contents.items():
        entry = made.path(name)
        assert (entry["sha256"], entry["size_in_bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
        assert entry["path_type"] == "hardlink"


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        (b"#!%s/bin/python\n", "text"),
        (b"%s", "text"),
        (b"caf\xe9 %s\n", "text"),
        (b"\x7fELF\0%s\0rest", "binary"),
        (b"\0%s", "binary"),
    ],
)
def test_the_placeholder_is_recorded_with_its_mode(staging: Path, data: bytes, mode: str) -> None:
    """So that conda replaces it: line by line in text, padded with NULs where a NUL byte is in the file."""
    write(staging, "x", data % PLACEHOLDER.encode())
    entry = packed(staging).path("x")
    assert (entry["prefix_placeholder"], entry["file_mode"]) == (PLACEHOLDER, mode)


def test_files_without_the_placeholder_are_left_alone(staging: Path) -> None:
    """Also byte code, whose source's path must not be patched: the file has a checksum of its own kind."""
    write(staging, "plain", b"/build/host")
    write(staging, "lib/__pycache__/x.cpython-311.pyc", b"\0" + PLACEHOLDER.encode())
    made = packed(staging)
    for name in made.members:
        assert "prefix_placeholder" not in made.path(name)


def test_links_stay_links(staging: Path) -> None:
    """To files, to folders, to nothing; what a link points at is not followed."""
    write(staging, "lib/libx.so.1", b"x")
    (staging / "lib/libx.so").symlink_to("libx.so.1")
    (staging / "lib64").symlink_to("lib")
    (staging / "gone").symlink_to("nowhere")
    made = packed(staging)
    for name, target in {"lib/libx.so": "libx.so.1", "lib64": "lib", "gone": "nowhere"}.items():
        assert made.members[name].issym()
        assert made.members[name].linkname == target
        assert made.path(name)["path_type"] == "softlink"
    assert sorted(made.members) == ["gone", "lib/libx.so", "lib/libx.so.1", "lib64"]
    assert made.path("lib/libx.so")["sha256"] == hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize("where", [PLACEHOLDER, "staging"])
def test_a_link_by_its_full_path_into_the_prefix_becomes_relative(staging: Path, where: str) -> None:
    """As ``make install`` likes to write them; conda replaces no placeholder in a link."""
    write(staging, "lib/libx.so.1", b"x")
    base = str(staging) if where == "staging" else where
    (staging / "lib/libx.so").symlink_to(f"{base}/lib/libx.so.1")
    assert packed(staging).members["lib/libx.so"].linkname == "libx.so.1"


def test_modes_and_times_are_kept_and_owners_are_not(staging: Path) -> None:
    """Byte code is valid for its source's time; whose account built it is nobody's business."""
    path = write(staging, "bin/run", b"x")
    path.chmod(0o755)
    os.utime(path, (1600000000, 1600000000))
    member = packed(staging).members["bin/run"]
    assert (member.mode & 0o777, member.mtime) == (0o755, 1600000000)
    assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")


def test_packing_twice_gives_the_same_contents(staging: Path, tmp_path: Path) -> None:
    """In the same order, whatever order the files were made in; only the timestamp is the build's own."""
    folders = [f"o{number:02}" for number in range(20)]
    for name in ("b", "a", "lib/z", "lib/c/x", "B", *(f"{name}/x" for name in folders[::-1])):
        os.utime(write(staging, name, name.encode()), (1, 1))
    again = tmp_path / "again" / "staging"
    again.mkdir(parents=True)
    for name in ("lib/c/x", "B", *(f"{name}/x" for name in folders), "a", "lib/z", "b"):
        os.utime(write(again, name, name.encode()), (1, 1))
    one, two = packed(staging), packed(again)
    assert list(one.members) == list(two.members)
    assert list(one.members)[-len(folders) :] == [f"{name}/x" for name in folders]
    assert (one.data, one.info) == (two.data, two.info)
    assert [m.get_info() for m in one.members.values()] == [m.get_info() for m in two.members.values()]


@pytest.fixture
def full(staging: Path) -> Path:
    """Fill the staging folder with one of everything."""
    write(staging, "bin/run", f"#!{PLACEHOLDER}/bin/python\n".encode()).chmod(0o755)
    write(staging, "lib/x.so", b"\x7fELF\0" + f"{PLACEHOLDER}/lib:/opt/lib".encode() + b"\0end")
    os.link(write(staging, "lib/one", b"same"), staging / "lib/two")
    (staging / "lib/link").symlink_to("one")
    return staging


def test_condas_engine_installs_it(full: Path, tmp_path: Path) -> None:
    """The placeholder becomes the prefix, a binary keeps its length, links and hard links arrive."""
    (tmp_path / "c" / "linux-64").mkdir(parents=True)
    file = pack(full, METADATA, placeholder=PLACEHOLDER, target=tmp_path / "c" / "linux-64")
    prefix = make_prefix(tmp_path / "p")
    done = in_child(
        "from pybuild.conda.transaction import link\n"
        "link([(sys.argv[1], sys.argv[2])], Path(sys.argv[3]), cache=Path(sys.argv[4]))",
        file, sha256(file), prefix, tmp_path / "cache",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (prefix / "bin/run").read_text() == f"#!{prefix}/bin/python\n"
    assert os.access(prefix / "bin/run", os.X_OK)
    old, new = (full / "lib/x.so").read_bytes(), (prefix / "lib/x.so").read_bytes()
    assert new.startswith(f"\x7fELF\0{prefix}/lib:/opt/lib\0".encode())
    assert new.endswith(b"\0end")
    assert len(new) == len(old)
    assert (prefix / "lib/one").read_text() == (prefix / "lib/two").read_text() == "same"
    assert os.readlink(prefix / "lib/link") == "one"
    record = json.loads((prefix / "conda-meta" / "thing-1.0-py311_here_habc_7.json").read_text())
    assert sorted(record["files"]) == ["bin/run", "lib/link", "lib/one", "lib/two", "lib/x.so"]
