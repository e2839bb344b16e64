"""Packages go from channel to channel, to folders and web servers, whole or not at all; and are tidied."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.channel.web import Dav, serving_dav
from tests.end_to_end.held import hold_build, hold_ranks, reached, until
from tests.end_to_end.project import ROOT, Project, changed, finished, snapshot

SUBDIR = "linux-64"


@pytest.fixture
def dav(tmp_path: Path) -> Iterator[Dav]:
    with serving_dav(tmp_path / "dav") as server:
        yield server


def packages(channel: Path) -> list[str]:
    return sorted(path.name for path in channel.glob(f"{SUBDIR}/*.conda"))


def repodata(channel: Path) -> dict[str, Any]:
    rows: dict[str, Any] = json.loads((channel / SUBDIR / "repodata.json").read_text())["packages.conda"]
    return rows


def indexed(channel: Path) -> list[str]:
    lines = (channel / SUBDIR / ".pybuild/index").read_text().split("\n\n", 1)[1].splitlines()
    return sorted("-".join(line.split("\t")[:3]) + ".conda" for line in lines)


def agree(channel: Path) -> None:
    """Require that folder, repodata and key index name the same packages."""
    assert packages(channel) == sorted(repodata(channel)) == indexed(channel)


@pytest.mark.parametrize("kind", ["folder", "web", "web-without-tags", "webdav"])
def test_push_and_pull(project: Project, dav: Dav, kind: str) -> None:
    """To a folder or a server and back: another user installs from there and builds nothing."""
    dav.tags, dav.folders = kind != "web-without-tags", kind == "webdav"
    place: str | Path = dav.url if kind.startswith("web") else project.root / "there"
    folder = dav.root if kind.startswith("web") else project.root / "there"
    before = snapshot(project.channel)
    done = project.run("channel", "push", "--to", place, "--json").done()
    assert sorted(f"{stem}.conda" for stem in done.data["copied"]) == packages(project.channel)
    assert changed(before, snapshot(project.channel)) == []
    agree(folder)
    again = project.run("channel", "push", "--to", place, "--json").done()
    assert again.data["copied"] == []
    listed = project.run("channel", "list", place, "--json").done().data
    assert sorted(f"{row['name']}-{row['version']}-{row['build']}.conda" for row in listed) == packages(
        folder
    )

    shutil.rmtree(project.channel)
    project.run("channel", "pull", "--from", place).done()
    agree(project.channel)
    done = project.install("toyext==1.0").done()
    assert ": pack" not in done.err


def test_only_what_is_named(project: Project) -> None:
    """By name, by name and version; a name that is not there is an error before anything is copied."""
    there = project.root / "there"
    project.run("channel", "push", "toyext-1.0", "toympi", "--to", there).done()
    assert [name.split("-py")[0] for name in packages(there)] == ["toyext-1.0", "toympi-1.0"]
    outcome = project.run("channel", "push", "toypure", "nothing", "--to", there)
    assert outcome.code == 12
    assert "has no package nothing" in outcome.err
    assert len(packages(there)) == 2


def test_conda_reads_what_arrived(project: Project, dav: Dav) -> None:
    """The engine of conda solves and installs from the server's repodata, and it hashes what it gets."""
    project.run("channel", "push", "--to", dav.url).done()
    code = (
        "import asyncio, rattler, sys; from pathlib import Path\n"
        "async def main():\n"
        "    found = await rattler.solve([rattler.Channel(sys.argv[1])], [rattler.MatchSpec('toyext ==1.0')],"
        " platforms=[rattler.Platform('linux-64'), rattler.Platform('noarch')])\n"
        "    await rattler.install(found, target_prefix=sys.argv[2], cache_dir=Path(sys.argv[3]))\n"
        "asyncio.run(main())\nimport os; os._exit(0)\n"
    )
    prefix, cache = project.root / "conda", project.root / "conda-cache"
    subprocess.run([sys.executable, "-c", code, dav.url, prefix, cache], check=True, capture_output=True)
    assert project.imports("toyext", prefix) == "1.0"


def test_a_package_that_is_cut_on_its_way_is_not_found(project: Project, dav: Dav) -> None:
    """The server has half of it: the push says so, nobody finds it, and the next push puts it right."""
    dav.cut["toyext-1.0"] = 1000
    outcome = project.run("channel", "push", "toyext-1.0", "--to", dav.url)
    assert outcome.code == 12
    assert "1000 bytes arrived" in outcome.err
    assert not (dav.root / SUBDIR / "repodata.json").exists()
    assert project.run("channel", "list", dav.url).code == 12
    project.run("channel", "push", "toyext-1.0", "--to", dav.url).done()
    agree(dav.root)


def test_what_the_server_says_is_said(project: Project, dav: Dav) -> None:
    """That it takes no PUT, that it is full, that it wants a password; no traceback."""
    for code, word in ((405, "does not take PUT"), (507, "no room"), (401, ".netrc")):
        dav.refuse = code
        outcome = project.run("channel", "push", "toympi", "--to", dav.url)
        assert outcome.code == 12
        assert f"HTTP {code}" in outcome.err
        assert word in outcome.err
    outcome = project.run("channel", "push", "--to", "http://server.example/channel")
    assert outcome.code == 6
    assert "is not https" in outcome.err
    outcome = project.run("channel", "pull", "--from", dav.url + "/nothing")
    assert outcome.code == 12
    assert "has no index of packages" in outcome.err
    outcome = project.run("channel", "pull", "--from", dav.url, "--offline")
    assert outcome.code == 6


def test_two_who_push_at_once(project: Project, dav: Dav) -> None:
    """To one server: both indexes have the packages of both."""
    runs = [
        project.start("channel", "push", name, "--to", dav.url) for name in ("toyext", "toypure", "toympi")
    ]
    for run in runs:
        finished(run).done()
    agree(dav.root)
    assert len(packages(dav.root)) == 4


def test_a_damaged_source_is_not_spread(project: Project, dav: Dav) -> None:
    """A file that is not that of its hash is named, and does not arrive."""
    (file,) = project.channel.glob(f"{SUBDIR}/toyext-1.0-*.conda")
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data[:-1] + b"?")
    for place in (dav.url, project.root / "there"):
        outcome = project.run("channel", "push", "toyext-1.0", "--to", place)
        assert outcome.code == 7
        assert file.name in outcome.err
    assert packages(dav.root) == packages(project.root / "there") == []


def test_another_package_of_the_same_name(project: Project) -> None:
    """Is never replaced: somebody may have it."""
    there = project.root / "there"
    project.run("channel", "push", "toyext-1.0", "--to", there).done()
    index = there / SUBDIR / ".pybuild/index"
    line = next(line for line in index.read_text().splitlines() if line.startswith("toyext\t"))
    index.write_text(index.read_text().replace(line.split("\t")[5], "0" * 64))
    outcome = project.run("channel", "push", "toyext-1.0", "--to", there)
    assert outcome.code == 12
    assert "has another package under the name toyext-1.0-" in outcome.err


def test_a_killed_push_leaves_nothing_half(project: Project) -> None:
    """Killed at many moments: whatever the target's indexes name is there, whole; the next push ends it."""
    there = project.root / "there"
    for delay in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1):
        run = project.start("channel", "push", "--to", there)
        time.sleep(delay)
        run.kill()
        run.communicate()
        if (there / SUBDIR / "repodata.json").exists():
            assert set(repodata(there)) <= set(packages(there))
        for path in there.glob(f"{SUBDIR}/*.conda"):
            assert path.stat().st_size == (project.channel / SUBDIR / path.name).stat().st_size
    project.run("channel", "push", "--to", there).done()
    agree(there)


# Verify


def test_verify_names_everything(project: Project) -> None:
    """Damaged, missing, unlisted, stray and half-written files, each by its path."""
    project.run("channel", "verify").done()
    folder = project.channel / SUBDIR
    first, second, third = packages(project.channel)[:3]
    data = (folder / first).read_bytes()
    (folder / first).unlink()
    (folder / first).write_bytes(data + b"?")
    (folder / second).unlink()
    (folder / "repodata.json").write_text("{}")
    (folder / "stray-1.0-0.conda").write_bytes(b"")
    (folder / f".{third}.99.part").write_bytes(b"")
    (folder / ".pybuild/x.packing").mkdir()
    outcome = project.run("channel", "verify", "--json")
    assert outcome.code == 7
    found = {(one["kind"], Path(one["path"]).name) for one in outcome.data["findings"]}
    assert {
        ("damaged", first), ("missing", second), ("unlisted", third), ("stray", "stray-1.0-0.conda"),
        ("half-written", f".{third}.99.part"), ("half-written", "x.packing"),
    } <= found  # fmt: skip
    outcome = project.run("channel", "verify", project.root / "nowhere")
    assert outcome.code == 12
    assert "is no channel" in outcome.err


def test_what_is_missing_or_damaged_is_pulled_again(project: Project) -> None:
    """As the hint of verify says: the damaged file removed, then copied from a channel that has it."""
    other = project.root / "other"
    project.run("channel", "push", "--to", other).done()
    folder = project.channel / SUBDIR
    first, second = packages(project.channel)[:2]
    (folder / first).unlink()
    assert f"channel pull --from CHANNEL --channel {project.channel}" in project.run("channel", "verify").err
    damaged = (folder / second).read_bytes() + b"?"
    (folder / second).unlink()  # a hard link to that of other tests
    (folder / second).write_bytes(damaged)
    outcome = project.run("channel", "verify")
    assert (outcome.code, "remove what is damaged, then: " in outcome.err) == (7, True)
    (folder / second).unlink()
    project.run("channel", "pull", "--from", other).done()
    project.run("channel", "verify").done()


# Prune


def aged(channel: Path, days: float) -> None:
    """Let every package be so old."""
    for path in channel.glob(f"{SUBDIR}/*.conda"):
        copy = path.read_bytes()  # the file is a hard link to that of other tests
        path.unlink()
        path.write_bytes(copy)
        os.utime(path, (time.time() - days * 86400,) * 2)


def test_prune_keeps_what_a_known_prefix_has(project: Project) -> None:
    """Prefixes that were made from the channel are known; others are named, or found below a folder."""
    project.install("toyext==1.0").done()
    aged(project.channel, 10)
    stack = project.root / "stack/releases/1"
    project.install("toypure==1.0", "-p", stack).done()
    (project.channel / SUBDIR / ".pybuild/prefixes").write_text(f"{project.prefix}\n/gone/prefix\n")

    outcome = project.run(
        "channel", "prune", "--older-than", "9", "-n", "--used-below", project.root / "stack"
    )

    going = sorted(outcome.done().out.split())
    assert [stem.split("-py")[0] for stem in going] == ["toyext-2.0"]
    assert len(packages(project.channel)) == 6
    refused = project.run("channel", "prune", "--older-than", "9")
    assert refused.code == 2
    project.run("channel", "prune", "--older-than", "9", "-y").done()
    assert [
        name.split("-py")[0] for name in packages(project.channel) if "toyp" in name or "toye" in name
    ] == ["toyext-1.0"]
    agree(project.channel)
    project.run("channel", "verify").done()
    project.install("toyext==1.0", "-p", project.root / "again").done()


def test_prune_by_size(project: Project) -> None:
    """The oldest go, until the rest is small enough."""
    aged(project.channel, 10)
    (newest,) = project.channel.glob(f"{SUBDIR}/toyext-2.0-*.conda")
    os.utime(newest)
    (project.channel / SUBDIR / ".pybuild/prefixes").unlink()
    project.run("channel", "prune", "--keep-size", f"{newest.stat().st_size / 1024:.0f}K", "-y").done()
    assert len(packages(project.channel)) <= 1
    assert project.run("channel", "prune", "--keep-size", "lots").code == 2
    assert project.run("channel", "prune").code == 2


@pytest.mark.parametrize("when", ["build", "verification"])
def test_prune_waits_for_a_run(project: Project, when: str) -> None:
    """While a run builds, and so may take packages, pruning waits; afterwards its prefix is known."""
    hold = hold_build(project) if when == "build" else hold_ranks(project)
    aged(project.channel, 10)
    (project.channel / SUBDIR / ".pybuild/prefixes").unlink()
    run = project.start("install", "toyext", "-y")
    until(lambda: reached(hold), run)
    tidy = project.start("channel", "prune", "--older-than", "0", "-y")
    assert tidy.stderr is not None
    if when == "build":
        assert "waiting for runs" in tidy.stderr.readline()
        assert tidy.poll() is None
        assert len(packages(project.channel)) == 6
        hold.unlink()
        finished(run).done()
    finished(tidy).done()
    hold.unlink(missing_ok=True)
    if when == "verification":
        finished(run).done()
    assert {name.split("-")[0] for name in packages(project.channel)} == {"python", "toympi", "toyext", "pip"}
    assert project.imports("toyext") == "3.0"


def test_ten_thousand_packages_do_not_slow_a_plan(project: Project) -> None:
    """In each of two channels: the same plan takes less than a tenth of a second more."""
    code = (
        "import sys; from pathlib import Path; from pybuild.channel import keys\n"
        "path = Path(sys.argv[1]); rows = keys.parse(path.read_bytes()).rows\n"
        "more = [keys.Row(f'p{n // 10}', f'1.{n % 10}', f'py_h{n:012x}_0', f'{n:012x}', 'l', '0' * 64)"
        " for n in range(10000)]\n"
        "path.unlink(); path.write_bytes(keys.render([*rows, *more], {'subdir': 'linux-64'}))"
    )
    shared = project.root / "shared"
    shutil.copytree(project.channel, shared)
    project.configure("toy", shared=[str(shared)])  # type: ignore[arg-type]

    indexes = [channel / SUBDIR / ".pybuild/index" for channel in (shared, project.channel)]
    small = indexes[0].read_bytes()
    assert indexes[1].read_bytes() == small
    subprocess.run([sys.executable, "-c", code, indexes[0]], cwd=ROOT, check=True)
    large = indexes[0].read_bytes()

    def seconds(content: bytes) -> float:
        """Return the processor time that a plan takes; the machine may be busy with other things."""
        for index in indexes:
            index.unlink()
            index.write_bytes(content)
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        project.run("plan", "toyext").done()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime

    # In turns: a processor that is shared may be slower for some seconds.
    rounds = [(seconds(small), seconds(large)) for _ in range(5)]
    fewest, most = (min(times) for times in zip(*rounds, strict=True))
    assert most < fewest + 0.1
