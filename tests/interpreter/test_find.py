"""Interpreters are found where they are, asked once each, and passed over with a reason."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pybuild import process, remembered
from pybuild.errors import UsageError
from pybuild.interpreter import find as interpreters
from pybuild.interpreter import probe as interpreter_probe
from pybuild.interpreter.find import find_interpreters
from pybuild.model.machine import Interpreter
from pybuild.process import Captured, capture

BASE = os.path.realpath(os.path.join(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}"))
VERSION = ".".join(map(str, sys.version_info[:3]))


def fake(path: Path, **answer: object) -> Path:
    """Make a program that answers the question as an interpreter with these properties would."""
    told: dict[str, object] = {
        "executable": str(path),
        "version": "3.11.7",
        "level": "final",
        "implementation": "cpython",
        "include": "/nowhere/include/python3.11",
        "headers": True,
        "stdlib": True,
        "bits": 64,
        "debug": False,
        "threads": False,
        "files": [],
    }
    text = json.dumps(told | answer)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'EOF'\n{text}\nEOF\n")
    path.chmod(0o755)
    return path


def found_at(path: Path) -> Interpreter:
    (found,) = find_interpreters(str(path), environ={})
    return found


def test_the_interpreter_that_runs_pybuild_is_found_without_any_environment() -> None:
    found = {one.path: one for one in find_interpreters(None, environ={})}

    assert found[BASE].version == VERSION
    assert len(found[BASE].identity) == 64


def test_every_real_path_is_found_once_and_is_a_binary() -> None:
    found = find_interpreters(None, environ=os.environ)

    paths = [one.path for one in found]
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert path == os.path.realpath(path)
        assert Path(path).read_bytes()[:4] == b"\x7fELF"


def test_accepted_ones_come_first_newest_first() -> None:
    found = find_interpreters(None, environ=os.environ)

    accepted = [one for one in found if one.rejected is None]
    assert list(found[: len(accepted)]) == accepted
    numbers = [tuple(map(int, one.version.split("."))) for one in accepted]
    assert numbers == sorted(numbers, reverse=True)


def test_a_version_not_tried_yet_ranks_after_the_supported_ones() -> None:
    texts = ("2.7.18", "3.99.0", "3.11.7", "3.14.1")
    ranked = sorted((Interpreter(path="/p", version=text) for text in texts), key=interpreters._rank)

    assert [one.version for one in ranked] == ["3.14.1", "3.11.7", "2.7.18", "3.99.0"]


@pytest.mark.parametrize("wanted", [VERSION, VERSION.rpartition(".")[0]])
def test_a_version_chooses(wanted: str) -> None:
    found = find_interpreters(wanted, environ=os.environ)

    assert BASE in [one.path for one in found]
    assert all((one.version + ".").startswith(wanted + ".") for one in found)


def test_a_version_is_compared_by_its_parts() -> None:
    assert not interpreters._fits("3.11.7", "3.1")
    assert interpreters._fits("3.11.7", "3")


def test_nonsense_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="found 'newest'"):
        find_interpreters("newest", environ={})


@pytest.mark.parametrize("option", ["--symlinks", "--copies"])
def test_a_venv_leads_to_its_base(tmp_path: Path, option: str) -> None:
    inner = tmp_path / "inner"
    argv = [sys.executable, "-m", "venv", "--without-pip", option, str(inner)]
    assert capture(argv, env={"PATH": "/usr/bin:/bin"}).code == 0

    found = found_at(inner / "bin" / "python")

    assert (found.path, found.version) == (BASE, VERSION)


def test_a_script_before_an_interpreter_is_not_what_is_found(tmp_path: Path) -> None:
    wrapper = tmp_path / "python3"
    wrapper.write_text(f'#!/bin/sh\nexec "{BASE}" "$@"\n')
    wrapper.chmod(0o755)

    assert found_at(wrapper).path == BASE


def test_shims_on_the_path_are_never_run(tmp_path: Path) -> None:
    shim = tmp_path / "shims" / "python3"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    shim.chmod(0o755)

    find_interpreters(None, environ={"PATH": str(shim.parent)})

    assert not (tmp_path / "ran").exists()


def test_each_candidate_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(argv: list[str], **options: object) -> Captured:
        asked.append(argv[0])
        return Captured(1, "", "no")

    monkeypatch.setattr(process, "capture", count)
    for name in ("python3", f"python3.{sys.version_info[1]}", "python2.7"):
        (tmp_path / name).symlink_to(BASE)

    find_interpreters(None, environ={"PATH": f"{tmp_path}:{tmp_path}:relative"})

    assert sorted(asked) == sorted(set(asked))
    assert asked.count(BASE) == 1


@pytest.mark.parametrize(
    ("variable", "folder", "place"),
    [
        ("PYENV_ROOT", "root", "root/versions/3.11.7/bin"),
        ("HOME", "home", "home/.pyenv/versions/3.11.7/bin"),
        ("UV_PYTHON_INSTALL_DIR", "uv", "uv/cpython-3.11.7-linux-x86_64-gnu/bin"),
        ("HOME", "home", "home/.local/share/uv/python/cpython-3.11.7-linux-x86_64-gnu/bin"),
        ("XDG_DATA_HOME", "data", "data/uv/python/cpython-3.11.7-linux-x86_64-gnu/bin"),
    ],
)
def test_the_usual_places_are_searched(tmp_path: Path, variable: str, folder: str, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)

    assert str(tmp_path / place) in interpreters._folders({variable: str(tmp_path / folder)})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"headers": False}, "has no C headers: /nowhere/include/python3.11/Python.h is missing"),
        ({"implementation": "pypy"}, "is pypy, not CPython"),
        ({"level": "candidate", "version": "3.14.0rc1"}, "is the pre-release 3.14.0rc1"),
        ({"version": "3.5.9"}, "is Python 3.5, which is too old"),
        ({"bits": 32}, "is a 32 bit program"),
        ({"debug": True}, "is a debug build"),
        ({"threads": True}, "is a free-threaded build"),
        ({"stdlib": False}, "has no standard library"),
    ],
)
def test_one_that_cannot_serve_is_passed_over_with_a_reason(
    tmp_path: Path, answer: dict[str, object], reason: str
) -> None:
    program = fake(tmp_path / "bin" / "python3.11", **answer)

    found = found_at(program)

    assert found.rejected is not None
    assert found.rejected.startswith(f"{program} {reason}")


@pytest.mark.parametrize("version", ["2.7.18", "3.6.15", "3.14.0", "3.21.0"])
def test_supported_and_newer_versions_are_accepted(tmp_path: Path, version: str) -> None:
    assert found_at(fake(tmp_path / "bin" / "python", version=version)).rejected is None


def test_missing_headers_of_debians_python_come_with_the_package_that_has_them() -> None:
    sentence = interpreter_probe._no_headers("/usr/bin/python3.11", "3.11", "/usr/include/python3.11")

    assert "headers" in sentence
    assert ("python3.11-dev" in sentence) == os.path.exists("/etc/debian_version")


def test_one_that_does_not_run_says_why(tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho 'libpython3.so.1: cannot open shared object file' >&2\nexit 127\n")
    program.chmod(0o755)

    assert "cannot run: libpython3.so.1" in str(found_at(program).rejected)
    assert "cannot run" in str(found_at(tmp_path / "missing").rejected)


def test_identity_changes_with_the_binary(tmp_path: Path) -> None:
    program = fake(tmp_path / "bin" / "python3.11")
    before = found_at(program).identity
    assert found_at(program).identity == before

    os.utime(program, ns=(0, 1))

    assert found_at(program).identity != before


def told_twice(program: Path, cache: Path) -> tuple[Interpreter, Interpreter]:
    """Return what is found of a program first, and once it would say something else of itself."""
    (first,) = find_interpreters(str(program), environ={}, cache=str(cache))
    answer = program.read_text()
    status = program.stat()
    program.write_text(answer.replace('"3.11.7"', '"3.12.1"'))
    os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns))
    (second,) = find_interpreters(str(program), environ={}, cache=str(cache))
    return first, second


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that were written a moment ago count as old."""
    monkeypatch.setattr(remembered, "TOO_YOUNG", -(10**12))


@pytest.mark.usefixtures("settled")
def test_the_one_that_runs_pybuild_is_remembered_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its start takes longer than most of a plan; what is found is the same without it."""
    (first,) = find_interpreters(BASE, environ={}, cache=str(tmp_path))
    assert first == found_at(Path(BASE))
    monkeypatch.delattr(process, "capture")
    (second,) = find_interpreters(BASE, environ={}, cache=str(tmp_path))
    assert second == first


@pytest.mark.usefixtures("settled")
def test_a_changed_binary_is_asked_again(tmp_path: Path) -> None:
    """Also where size and modification time were set back."""
    first, second = told_twice(fake(tmp_path / "python3"), tmp_path)
    assert (first.version, second.version) == ("3.11.7", "3.12.1")


def test_what_was_changed_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    """A second change might leave the same times."""
    program = fake(tmp_path / "python3")
    find_interpreters(str(program), environ={}, cache=str(tmp_path))
    assert not (tmp_path / "catalog").exists()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("there", [False, True])
def test_headers_that_come_or_go_are_noticed(tmp_path: Path, there: bool) -> None:
    """The interpreter says on which files its answer hangs; one that was not there counts as well."""
    header = tmp_path / "Python.h"
    if there:
        header.touch()
    program = fake(tmp_path / "python3", files=[str(header)], headers=there)
    counted(program, tmp_path / "starts")
    (first,) = find_interpreters(str(program), environ={}, cache=str(tmp_path))
    (again,) = find_interpreters(str(program), environ={}, cache=str(tmp_path))
    assert again == first
    assert starts(tmp_path) == 1
    header.unlink() if there else header.touch()
    find_interpreters(str(program), environ={}, cache=str(tmp_path))
    assert starts(tmp_path) == 2


@pytest.mark.usefixtures("settled")
def test_a_script_before_an_interpreter_is_always_asked(tmp_path: Path) -> None:
    """Tomorrow it may lead to another one, and its own file does not tell."""
    wrapper = tmp_path / "python3"
    wrapper.write_text(f'#!/bin/sh\nexec "{BASE}" "$@"\n')
    wrapper.chmod(0o755)
    counted(wrapper, tmp_path / "starts")
    for _ in range(2):
        (found,) = find_interpreters(str(wrapper), environ={}, cache=str(tmp_path))
        assert found.path == BASE
    assert starts(tmp_path) == 2


@pytest.mark.usefixtures("settled")
def test_one_that_did_not_answer_is_always_asked(tmp_path: Path) -> None:
    """Why is not known, so nothing tells when it would."""
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    counted(program, tmp_path / "starts")
    for _ in range(2):
        (found,) = find_interpreters(str(program), environ={}, cache=str(tmp_path))
        assert found.rejected is not None
    assert starts(tmp_path) == 2


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [b"", b"not ours", b"{}\n{}"])
def test_a_damaged_memory_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """It is written anew."""
    program = fake(tmp_path / "python3")
    counted(program, tmp_path / "starts")
    find_interpreters(str(program), environ={}, cache=str(tmp_path))
    store = next((tmp_path / "catalog").iterdir())
    whole = store.read_bytes()
    store.write_bytes(content)
    find_interpreters(str(program), environ={}, cache=str(tmp_path))
    assert starts(tmp_path) == 2
    assert store.read_bytes() == whole


def counted(program: Path, log: Path) -> None:
    """Let a script write a line for each time that it is started."""
    program.write_text(program.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\necho >>'{log}'\n"))


def starts(folder: Path) -> int:
    """Return how often the program was started."""
    return len((folder / "starts").read_text().splitlines())
