"""What the channel holds is found by one index; damage hides only itself, and the index can be made anew."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path

import pytest

from pybuild.channel import folder
from pybuild.channel.folder import (
    demand_writable,
    find_one,
    find_packages,
    put,
    remove,
    row_of,
)
from pybuild.channel.pruning import prune
from pybuild.channel.store import FolderStore
from pybuild.errors import ChannelError
from pybuild.model.machine import ChannelPackage

SUBDIR = "linux-64"


def made(
    channel: Path, name: str = "thing", version: str = "1.0", key: str = "abc", part: str = "",
    sha256: str = "f" * 64,
) -> ChannelPackage:  # fmt: skip
    """Put a package into the channel."""
    demand_writable(str(channel), SUBDIR)
    beside = channel / SUBDIR / ".pybuild" / f"packing{part}"
    beside.write_bytes(name.encode())
    package = ChannelPackage(
        name=name, version=version, build=f"py311_here_h{key}_0", key=key, loose_key="l", file=str(beside),
        sha256=sha256,
    )  # fmt: skip
    return put(str(channel), SUBDIR, package)


def side_file(channel: Path, package: ChannelPackage) -> Path:
    return channel / SUBDIR / ".pybuild" / f"{package.name}-{package.version}-{package.build}.json"


def index(channel: Path) -> Path:
    return channel / SUBDIR / ".pybuild" / "index"


def find(channel: Path, *names: str) -> tuple[ChannelPackage, ...]:
    return find_packages(str(channel), SUBDIR, names or ("thing",))


def test_what_was_put_is_found_as_it_was_put(tmp_path: Path) -> None:
    """With its keys and hash, under the name that conda expects; the packed file has moved."""
    package = made(tmp_path)
    assert package.file == f"{tmp_path}/linux-64/thing-1.0-py311_here_habc_0.conda"
    assert Path(package.file).read_bytes() == b"thing"
    assert find(tmp_path) == (package,)
    assert sorted(os.listdir(tmp_path / SUBDIR / ".pybuild")) == [
        "index", "index.lock.flock", side_file(tmp_path, package).name,
    ]  # fmt: skip


def test_only_the_names_that_are_asked_for(tmp_path: Path) -> None:
    """A name that another name begins with is another package."""
    for name in ("mpi4py", "mpi4py-fft", "h5py"):
        made(tmp_path, name)
    assert [p.name for p in find(tmp_path, "mpi4py", "absent")] == ["mpi4py"]
    assert [p.name for p in find(tmp_path, "mpi4py-fft", "h5py")] == ["h5py", "mpi4py-fft"]


def test_no_channel_holds_nothing(tmp_path: Path) -> None:
    """Neither does a file in its place."""
    assert find(tmp_path / "absent") == ()
    (tmp_path / "file").write_text("")
    assert find(tmp_path / "file") == ()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"name": "thing"}', '{"name": "thing", "surprise": 1}', "\xff"],
)
def test_a_damaged_side_file_is_ignored(tmp_path: Path, text: str) -> None:
    """Where the index is made anew: its package is built again; the others are found."""
    bad, good = made(tmp_path, key="bad"), made(tmp_path, key="good")
    side_file(tmp_path, bad).write_bytes(text.encode("latin-1"))
    index(tmp_path).unlink()
    assert find(tmp_path) == (good,)


def test_a_channel_of_an_older_release(tmp_path: Path) -> None:
    """Has no index: it is read without one, and has one after the next package."""
    packages = tuple(made(tmp_path, key=key) for key in ("a", "b"))
    index(tmp_path).unlink()
    assert find(tmp_path) == packages
    assert not index(tmp_path).exists()
    third = made(tmp_path, key="c")
    assert index(tmp_path).exists()
    assert find(tmp_path) == (*packages, third)


@pytest.mark.parametrize("text", ["thing\t1.0\tx\n", "\xff\n", "thing\n", "\n\n", "thing" + "\t" * 9 + "\n"])
def test_a_damaged_line_hides_only_itself(tmp_path: Path, text: str) -> None:
    """The other packages are found."""
    good = made(tmp_path)
    with index(tmp_path).open("ab") as stream:
        stream.write(text.encode("latin-1"))
    assert find(tmp_path) == (good,)


def test_another_file_in_the_place_of_the_index(tmp_path: Path) -> None:
    """Is none: the files beside the packages are read."""
    good = made(tmp_path)
    index(tmp_path).write_text("pybuild-channel 2\n\n")
    assert find(tmp_path) == (good,)


def test_a_package_that_is_gone_is_not_found(tmp_path: Path) -> None:
    """Somebody cleaned up by hand; whoever is about to take it asks."""
    gone, here = made(tmp_path, key="gone"), made(tmp_path, key="here")
    os.unlink(gone.file)
    assert find_one(str(tmp_path), SUBDIR, "thing", "1.0", gone.build) is None
    assert find_one(str(tmp_path), SUBDIR, "thing", "1.0", here.build) == here


def test_a_package_that_the_index_missed_is_found_by_its_builder(tmp_path: Path) -> None:
    """A run killed before the last rename: who would build it again finds it, and the index knows it then."""
    first, second = made(tmp_path, key="a"), made(tmp_path, key="b")
    text = index(tmp_path).read_text()
    index(tmp_path).write_text("".join(line for line in text.splitlines(True) if "_hb_" not in line))
    assert find(tmp_path) == (first,)
    assert find_one(str(tmp_path), SUBDIR, "thing", "1.0", second.build) == second
    assert find(tmp_path) == (first, second)


def test_what_is_removed_is_gone_everywhere(tmp_path: Path) -> None:
    """Package, line and side file; the others stay."""
    going, staying = made(tmp_path, key="a"), made(tmp_path, key="b")
    (
        tmp_path / SUBDIR / f"{Path(staying.file).name}"
    ).unlink()  # no real packages: nothing to index for conda
    remove(str(tmp_path), SUBDIR, [row_of(going)])
    assert find(tmp_path) == (staying,)
    assert not Path(going.file).exists()
    assert not side_file(tmp_path, going).exists()


def test_what_is_built_again_while_it_is_removed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody needs a package just when it goes: what he has built is not taken from him."""
    going = made(tmp_path)
    again = threading.Thread(target=made, args=(tmp_path,), kwargs={"part": "2", "sha256": "b" * 64})
    tell = folder.publish

    def meanwhile(channel: str, subdir: str, *rest: Collection[str], **more: Collection[str]) -> None:
        again.start()
        again.join(0.5)
        tell(channel, subdir, *rest, **more)

    monkeypatch.setattr(folder, "publish", meanwhile)
    remove(str(tmp_path), SUBDIR, [row_of(going)])
    again.join()
    (found,) = find(tmp_path)
    assert found.sha256 == "b" * 64
    assert os.path.isfile(found.file)
    assert side_file(tmp_path, found).exists()


def test_a_copy_that_ends_while_leftovers_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ``.part`` has its own name by then: it is passed over, and what is old goes."""
    demand_writable(str(tmp_path), SUBDIR)
    ending, old = (tmp_path / SUBDIR / name for name in (".a.conda.1.part", ".b.conda.2.part"))
    for path in (ending, old):
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    look = Path.lstat

    def ended(path: Path) -> os.stat_result:
        ending.unlink(missing_ok=True)
        return look(path)

    monkeypatch.setattr(Path, "lstat", ended)
    prune(str(tmp_path), SUBDIR, lambda: (), now=time.time(), waiting=lambda: None)
    assert not old.exists()


def test_two_who_put_at_once_both_stand_in_the_index(tmp_path: Path) -> None:
    """Forty packages from four processes: none is lost."""
    code = (
        "import sys; from pathlib import Path; from tests.channel.test_folder import made\n"
        "for n in range(10): made(Path(sys.argv[1]), key=f'{sys.argv[2]}x{n}', part=sys.argv[2])"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), who], cwd=Path(__file__).parents[2])
        for who in "abcd"
    ]
    assert [run.wait() for run in runs] == [0, 0, 0, 0]
    assert len(find(tmp_path)) == 40


def test_of_two_who_put_the_same_the_first_stays(tmp_path: Path) -> None:
    """Its bytes and its row; the second is told the first's, and leaves nothing: prefixes may have it."""
    first = made(tmp_path, sha256="a" * 64)
    assert made(tmp_path, part="2", sha256="b" * 64) == first
    assert find(tmp_path) == (first,)
    assert json.loads(side_file(tmp_path, first).read_text())["sha256"] == first.sha256
    assert not list(tmp_path.rglob("packing*"))
    os.unlink(first.file)
    assert made(tmp_path, sha256="b" * 64).sha256 == "b" * 64
    assert [package.sha256 for package in find(tmp_path)] == ["b" * 64]


def test_file_and_row_are_of_one_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a second one puts the same while the first has moved his file in, and has no row yet."""
    demand_writable(str(tmp_path), SUBDIR)
    second = threading.Thread(target=made, args=(tmp_path,), kwargs={"part": "2", "sha256": "b" * 64})
    write = folder.write_whole

    def meanwhile(path: Path, data: bytes) -> None:
        if second.ident is None:
            Path(tmp_path, SUBDIR, "thing-1.0-py311_here_habc_0.conda").write_bytes(b"of the first")
            second.start()
            second.join(0.5)
        write(path, data)

    monkeypatch.setattr(folder, "write_whole", meanwhile)
    first = made(tmp_path, sha256="a" * 64)
    second.join()
    assert find(tmp_path) == (first,)
    assert Path(first.file).read_bytes() == b"of the first"


@pytest.mark.parametrize(("mode", "umask", "expected"), [
    (0o2775, 0o077, 0o664), (0o2770, 0o002, 0o660), (0o755, 0o077, 0o644), (0o700, 0o000, 0o600),
])  # fmt: skip
def test_permissions_are_those_of_the_folder(tmp_path: Path, mode: int, umask: int, expected: int) -> None:
    """Whatever the umask of whoever builds is: whoever may write to the channel may write to its files."""
    channel = tmp_path / "c"
    channel.mkdir()
    channel.chmod(mode)
    before = os.umask(umask)
    try:
        made(channel)
    finally:
        os.umask(before)
    assert {oct(p.stat().st_mode & 0o777) for p in channel.rglob("*") if p.is_file()} == {oct(expected)}
    assert {oct(p.stat().st_mode & 0o7777) for p in channel.rglob("*") if p.is_dir()} == {oct(mode)}


def test_the_package_is_there_before_it_can_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the other way round."""
    seen: list[str] = []
    rename = os.replace

    def noticed(source: Path, target: Path) -> None:
        seen.append(Path(target).name)
        rename(source, target)

    monkeypatch.setattr(os, "replace", noticed)
    made(tmp_path)
    assert [Path(name).suffix or name for name in seen] == [".conda", ".json", "index"]


def test_a_package_is_on_the_disk_before_it_can_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a node that dies does not leave an empty file under a name that the index has."""
    safe: list[str] = []
    sync, rename = os.fsync, os.replace

    def synced(handle: int) -> None:
        sync(handle)
        safe.append(os.readlink(f"/proc/self/fd/{handle}"))

    def renamed(source: str | Path, target: str | Path) -> None:
        assert str(source) in safe or not str(target).endswith(".conda")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    assert Path(made(tmp_path).file).exists()


def test_a_channel_that_cannot_be_made_says_where_to_go(tmp_path: Path) -> None:
    """With the option and the variable that name another."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError, match=f"{tmp_path}/file: the channel cannot be written") as caught:
        demand_writable(str(tmp_path / "file"), SUBDIR)
    assert "--channel" in str(caught.value.hint)


def test_a_channel_without_room_is_a_channel_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the system's own."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ChannelError, match="No space left on device"):
        made(tmp_path)


def test_conda_finds_its_folders(tmp_path: Path) -> None:
    """A channel has ``noarch``, even an empty one."""
    demand_writable(str(tmp_path / "c"), SUBDIR)
    assert sorted(os.listdir(tmp_path / "c")) == ["linux-64", "noarch"]
    demand_writable(str(tmp_path / "c"), SUBDIR)


def test_side_files_hold_no_path(tmp_path: Path) -> None:
    """So that a channel can be moved or mounted elsewhere."""
    package = made(tmp_path / "c")
    assert str(tmp_path) not in json.dumps(json.loads(side_file(tmp_path / "c", package).read_text()))
    (tmp_path / "c").rename(tmp_path / "d")
    (found,) = find(tmp_path / "d")
    assert found.file == package.file.replace("/c/", "/d/")


def test_a_channel_on_a_stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no hard links packages are copied all the same, and one that is there stays."""

    def refuse(old: object, new: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(old), None, str(new))

    monkeypatch.setattr(os, "link", refuse)
    packed, store = tmp_path / "packed", FolderStore(str(tmp_path / "channel"))
    store.begin(SUBDIR)
    packed.write_bytes(b"one")
    store.put(f"{SUBDIR}/thing-1.0-0.conda", packed)
    store.put(f"{SUBDIR}/thing-1.0-0.conda", packed)
    packed.write_bytes(b"another")
    with pytest.raises(ChannelError, match="is there already, and is another"):
        store.put(f"{SUBDIR}/thing-1.0-0.conda", packed)
    assert (tmp_path / "channel" / SUBDIR / "thing-1.0-0.conda").read_bytes() == b"one"
    assert not list((tmp_path / "channel" / SUBDIR).glob(".*.part"))
