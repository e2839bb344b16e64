"""What the channel holds is found by small files beside the packages; a damaged one hides only itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pybuild.build.channel import demand_writable, find_packages, put
from pybuild.errors import ChannelError
from pybuild.model.machine import ChannelPackage

SUBDIR = "linux-64"


def made(channel: Path, name: str = "thing", version: str = "1.0", key: str = "abc") -> ChannelPackage:
    """Put a package into the channel."""
    demand_writable(str(channel), SUBDIR)
    beside = channel / SUBDIR / ".pybuild" / "packing"
    beside.write_bytes(name.encode())
    package = ChannelPackage(
        name=name, version=version, build=f"py311_here_h{key}_0", key=key, loose_key="l", file=str(beside),
        sha256="f" * 64,
    )  # fmt: skip
    return put(str(channel), SUBDIR, package)


def side_file(channel: Path, package: ChannelPackage) -> Path:
    return channel / SUBDIR / ".pybuild" / f"{package.name}-{package.version}-{package.build}.json"


def find(channel: Path, *names: str) -> tuple[ChannelPackage, ...]:
    return find_packages(str(channel), SUBDIR, names or ("thing",))


def test_what_was_put_is_found_as_it_was_put(tmp_path: Path) -> None:
    """With its keys and hash, under the name that conda expects; the packed file has moved."""
    package = made(tmp_path)
    assert package.file == f"{tmp_path}/linux-64/thing-1.0-py311_here_habc_0.conda"
    assert Path(package.file).read_bytes() == b"thing"
    assert find(tmp_path) == (package,)
    assert sorted(os.listdir(tmp_path / SUBDIR / ".pybuild")) == [side_file(tmp_path, package).name]


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
    """Its package is built again; the others are found."""
    bad, good = made(tmp_path, key="bad"), made(tmp_path, key="good")
    side_file(tmp_path, bad).write_bytes(text.encode("latin-1"))
    assert find(tmp_path) == (good,)


def test_a_package_that_is_gone_is_ignored(tmp_path: Path) -> None:
    """Somebody cleaned up by hand."""
    gone, here = made(tmp_path, key="gone"), made(tmp_path, key="here")
    os.unlink(gone.file)
    assert find(tmp_path) == (here,)


def test_a_package_whose_side_file_was_never_written_is_not_found(tmp_path: Path) -> None:
    """A run killed between the two renames; the next one puts both again."""
    package = made(tmp_path)
    side_file(tmp_path, package).unlink()
    assert find(tmp_path) == ()
    assert find(tmp_path) == () and made(tmp_path) == package  # noqa: PT018
    assert find(tmp_path) == (package,)


def test_the_package_is_there_before_it_can_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the other way round."""
    seen: list[str] = []
    rename = os.replace

    def noticed(source: Path, target: Path) -> None:
        seen.append(Path(target).suffix)
        rename(source, target)

    monkeypatch.setattr(os, "replace", noticed)
    made(tmp_path)
    assert seen == [".conda", ".json"]


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
