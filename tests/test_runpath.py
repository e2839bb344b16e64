"""RUNPATHs below the old home become relative; nothing else changes, nor does a hard link's original."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from pybuild import runpath
from pybuild.errors import BuildError
from pybuild.process import capture
from pybuild.runpath import (
    prepend_runpath,
    read_dynamic,
    relocate_runpaths,
)

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def library(path: Path, entries: str, *options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    source.write_text("int answer(void) { return 42; }\n")
    flag = f"-Wl,-rpath,{entries}" if entries else "-Wl,-O1"
    argv = ["cc", "-shared", "-fPIC", flag, *options, "-o", str(path), str(source)]
    done = capture(argv, env=ENVIRONMENT)
    assert done.code == 0, done.err
    source.unlink()
    return path


def test_entries_below_an_old_prefix_become_relative_and_others_stay_in_order(tmp_path: Path) -> None:
    file = library(tmp_path / "root/lib/python3.11/x.so", "/opt/a:/old/home/lib:/old/homely/lib:$ORIGIN/z")

    changed = relocate_runpaths((file,), root=tmp_path / "root", old=("/old/home",))

    assert changed
    assert read_dynamic(file).entries == ("/opt/a", "$ORIGIN/..", "/old/homely/lib", "$ORIGIN/z")


def test_the_longest_old_prefix_decides(tmp_path: Path) -> None:
    file = library(tmp_path / "root/bin/x", "/old/inner/lib:/old:/old/inner")

    relocate_runpaths((file,), root=tmp_path / "root", old=("/old", "/old/inner/"))

    assert read_dynamic(file).entries == ("$ORIGIN/../lib", "$ORIGIN/..")


def test_a_file_with_nothing_to_change_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (library(tmp_path / "a.so", "/opt/a"), library(tmp_path / "b.so", ""))
    monkeypatch.setattr(runpath, "capture", lambda *_, **__: pytest.fail("patchelf was run"))

    assert relocate_runpaths(files, root=tmp_path, old=("/old",)) == ()
    assert not prepend_runpath(files[0], "/opt/a")


def test_the_original_of_a_hard_link_keeps_its_bytes(tmp_path: Path) -> None:
    original = library(tmp_path / "home/x.so", "/old/lib")
    before = original.read_bytes()
    copy = tmp_path / "root/x.so"
    copy.parent.mkdir()
    os.link(original, copy)

    relocate_runpaths((copy,), root=tmp_path / "root", old=("/old",))

    assert original.read_bytes() == before
    assert read_dynamic(copy).entries == ("$ORIGIN/lib",)


def test_an_inherited_rpath_stays_inherited(tmp_path: Path) -> None:
    file = library(tmp_path / "x.so", "/old/lib", "-Wl,--disable-new-dtags")
    assert read_dynamic(file).inherited

    relocate_runpaths((file,), root=tmp_path, old=("/old",))

    assert read_dynamic(file).inherited
    assert read_dynamic(file).entries == ("$ORIGIN/lib",)


def test_a_read_only_file_is_changed_all_the_same(tmp_path: Path) -> None:
    file = library(tmp_path / "x.so", "/old/lib")
    file.chmod(0o555)

    assert relocate_runpaths((file,), root=tmp_path, old=("/old",))


def test_what_is_not_elf_has_no_runpath(tmp_path: Path) -> None:
    file = tmp_path / "x.so"
    file.write_text("INPUT(libx.so.1)\n")

    assert read_dynamic(file).entries == ()
    assert not relocate_runpaths((file,), root=tmp_path, old=("/old",))


def test_an_entry_can_be_put_first(tmp_path: Path) -> None:
    file = library(tmp_path / "x", "/usr/local/lib")

    assert prepend_runpath(file, "$ORIGIN/../lib")
    assert read_dynamic(file).entries == ("$ORIGIN/../lib", "/usr/local/lib")


def test_a_missing_patchelf_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = library(tmp_path / "x.so", "/old/lib")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(BuildError, match="patchelf is missing") as caught:
        relocate_runpaths((file,), root=tmp_path, old=("/old",))
    assert caught.value.hint is not None


def test_a_refusal_of_patchelf_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = library(tmp_path / "x.so", "/old/lib")
    refuses = tmp_path / "patchelf"
    refuses.write_text("#!/bin/sh\necho 'wrong architecture' >&2\nexit 1\n")
    refuses.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(BuildError, match=r"x\.so: patchelf could not .*wrong architecture"):
        relocate_runpaths((file,), root=tmp_path, old=("/old",))
