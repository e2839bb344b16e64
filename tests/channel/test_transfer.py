"""Packages go into a folder beside what others put there: nothing is replaced, whoever comes first."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import requests

from pybuild.channel import keys, transfer
from pybuild.channel import store as stores
from pybuild.channel.folder import changing, find_packages, put
from pybuild.channel.keys import Row
from pybuild.channel.store import FolderStore
from pybuild.errors import ChannelError
from pybuild.fetch.web_store import WebStore
from pybuild.model.machine import ChannelPackage
from tests.channel.test_folder import SUBDIR
from tests.prefix.prefixes import package, sha256

STEM = "thing-1.0-h0_0"


def channel_with(folder: Path, text: str) -> tuple[FolderStore, Row]:
    """Make a channel of one package whose bytes depend on the text."""
    store = FolderStore(str(folder))
    store.begin(SUBDIR)
    file = package(folder, STEM, {"share/thing": text})
    target = folder / SUBDIR / f"{STEM}.conda"
    file.replace(target)
    row = Row("thing", "1.0", "h0_0", "k", "l", sha256(target))
    store.edit(f"{SUBDIR}/.pybuild/index", lambda _: keys.render([row], {"subdir": SUBDIR}))
    return store, row


def push(source: FolderStore, row: Row, target: FolderStore) -> None:
    transfer.transfer(source, target, SUBDIR, [row], lambda _: None)


@pytest.mark.parametrize("who", ["pusher", "builder"])
def test_of_two_packages_of_one_name_the_first_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Somebody brings another one while ours is under way: ours is refused, and index and file are of one."""
    ours, row = channel_with(tmp_path / "ours", "ours")
    theirs, other = channel_with(tmp_path / "theirs", "theirs")
    target = FolderStore(str(tmp_path / "target"))
    target.begin(SUBDIR)
    target.edit(f"{SUBDIR}/.pybuild/index", lambda _: keys.render([], {"subdir": SUBDIR}))
    moment = "get" if who == "pusher" else "edit"  # before our file is there, and after
    do, came = getattr(FolderStore, moment), []

    def meanwhile(store: FolderStore, *rest: object) -> None:
        do(store, *rest)
        if store in (ours, target) and not came:
            came.append(who)
            if who == "pusher":
                push(theirs, other, FolderStore(target.name))
            else:
                packed = shutil.copy(theirs.path / SUBDIR / f"{STEM}.conda", target.path / SUBDIR / "packed")
                put(target.name, SUBDIR, ChannelPackage(**other._asdict(), file=str(packed)))

    monkeypatch.setattr(FolderStore, moment, meanwhile)
    with pytest.raises(ChannelError, match="another"):
        push(ours, row, target)
    (found,) = find_packages(target.name, SUBDIR, ["thing"])
    assert found.sha256 == other.sha256 == sha256(Path(found.file))


def test_a_file_that_a_killed_push_left_is_taken_for_ours(tmp_path: Path) -> None:
    """It has the same bytes, and no index names it yet; another file there is not replaced."""
    ours, row = channel_with(tmp_path / "ours", "ours")
    target = FolderStore(str(tmp_path / "target"))
    target.begin(SUBDIR)
    left = target.path / SUBDIR / f"{STEM}.conda"
    left.write_bytes(b"other")
    with pytest.raises(ChannelError, match=f"{left}: is there already, and is another"):
        push(ours, row, target)
    assert left.read_bytes() == b"other"
    shutil.copy(ours.path / SUBDIR / left.name, left)
    push(ours, row, target)
    assert [package.sha256 for package in find_packages(target.name, SUBDIR, ["thing"])] == [row.sha256]
    assert not list(target.path.rglob("*.part"))


@pytest.mark.parametrize("moment", ["looked", "writing"])
def test_a_push_does_not_undo_a_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The target's keeper signs after the push has looked, or while it writes: the newer signature stays."""
    ours, row = channel_with(tmp_path / "ours", "text")
    target = FolderStore(str(tmp_path / "target"))

    def sign(store: FolderStore, serial: int) -> None:
        with changing(store.name, SUBDIR):
            fields = {"subdir": SUBDIR, "serial": str(serial)}
            (store.path / SUBDIR / ".pybuild/signed").write_bytes(keys.render([row], fields))

    def serial() -> int:
        return keys.parse_or_empty(target.read(f"{SUBDIR}/.pybuild/signed")).serial()

    sign(ours, 6)
    push(ours, row, target)
    assert serial() == 6
    sign(ours, 7)
    keeper = threading.Thread(target=sign, args=(target, 8))
    rows, write = transfer.rows_of, stores.write_whole

    def looked(store: FolderStore, subdir: str) -> tuple[Row, ...]:
        if moment == "looked":
            keeper.start()
            keeper.join()
        return rows(store, subdir)

    def writing(path: Path, data: bytes) -> None:
        if path.name == "signed" and moment == "writing":
            keeper.start()
            keeper.join(0.5)  # he waits for us, in vain
        write(path, data)

    monkeypatch.setattr(transfer, "rows_of", looked)
    monkeypatch.setattr(stores, "write_whole", writing)
    push(ours, row, target)
    keeper.join()
    assert serial() == 8


def test_a_server_that_is_not_there() -> None:
    """Its address as it was named, and what to look at."""
    store = WebStore("https://127.0.0.1:9/x", requests.Session)
    with pytest.raises(ChannelError) as caught:
        store.begin("linux-64")
    assert str(caught.value) == "https://127.0.0.1:9/x/: no connection"
    assert "pip config list" in str(caught.value.hint)
