"""Facts read from real ELF files, compared with what binutils' readelf says."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from pybuild.errors import VerificationError
from pybuild.verify.elf import defines, is_elf, read_elf

from .conftest import Compile, output

BASH = str(Path(shutil.which("bash") or "/bin/bash").resolve())


def test_facts_agree_with_readelf() -> None:
    """NEEDED, interpreter and the versions needed are what readelf prints for a program of this machine."""
    facts = read_elf(BASH)
    assert facts is not None
    dynamic = output("readelf", "-W", "-d", BASH)
    assert list(facts.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert str(facts.interpreter) in output("readelf", "-W", "-l", BASH)
    assert facts.kind == "executable"
    needs = {version for _, version in facts.version_needs}
    section = output("readelf", "-W", "-V", BASH).partition("Version needs section")[2]
    assert needs == set(re.findall(r"Name: (\S+)  Flags: none", section))
    assert ("libc.so.6", "GLIBC_2.2.5") in facts.version_needs or facts.machine != "x64"


def test_the_c_library_offers_versions_and_is_a_library() -> None:
    """libc.so.6, which has an interpreter of its own, is a shared object with version definitions."""
    listing = output("ldd", BASH)
    libc = re.findall(r"libc\.so\.6 => (\S+)", listing)[0]
    facts = read_elf(libc)
    assert facts is not None
    assert (facts.kind, facts.soname) == ("shared", "libc.so.6")
    assert "GLIBC_2.17" in facts.version_definitions


def test_kinds_are_told_apart(compile_c: Compile, tmp_path: Path) -> None:
    """Shared objects, programs (PIE or not), object files and static programs are told apart."""
    main = "int main(void) { return 0; }\n"
    made = {
        "shared": compile_c(tmp_path / "a.so", "int a;\n"),
        "pie": compile_c(tmp_path / "pie", main, flags=("-pie",)),
        "plain": compile_c(tmp_path / "plain", main, flags=("-no-pie",)),
        "static": compile_c(tmp_path / "static", main, flags=("-static",)),
        "static-pie": compile_c(tmp_path / "static-pie", main, flags=("-static-pie",)),
    }
    kinds = {}
    for name, path in made.items():
        facts = read_elf(str(path))
        assert facts is not None
        kinds[name] = facts.kind
    assert kinds == {
        "shared": "shared",
        "pie": "executable",
        "plain": "executable",
        "static": "static",
        "static-pie": "static",
    }
    output("cc", "-c", "-o", f"{tmp_path}/a.o", f"{tmp_path}/source.c")
    odd = bytearray(made["static"].read_bytes())
    odd[16:18] = b"\x03\x00"  # ET_DYN in e_type: position independent, but without a dynamic section
    (tmp_path / "odd").write_bytes(odd)
    facts = read_elf(str(tmp_path / "odd"))
    assert facts is not None
    assert facts.kind == "static"
    facts = read_elf(str(tmp_path / "a.o"))
    assert facts is not None
    assert facts.kind == "relocatable"


def test_runpath_and_rpath_are_not_confused(compile_c: Compile, tmp_path: Path) -> None:
    """DT_RUNPATH and DT_RPATH, whose rules differ, are read each into its own field, entry by entry."""
    new = compile_c(tmp_path / "n.so", "", flags=("-shared", "-Wl,--enable-new-dtags,-rpath,/a:$ORIGIN/b"))
    old = compile_c(tmp_path / "o.so", "", flags=("-shared", "-Wl,--disable-new-dtags,-rpath,/a:/b"))
    new_facts, old_facts = read_elf(str(new)), read_elf(str(old))
    assert new_facts is not None
    assert old_facts is not None
    assert (new_facts.runpath, new_facts.rpath) == (("/a", "$ORIGIN/b"), ())
    assert (old_facts.runpath, old_facts.rpath) == ((), ("/a", "/b"))


def test_a_function_of_its_own_is_told_from_one_that_is_needed(compile_c: Compile, tmp_path: Path) -> None:
    """Only a definition counts: exported, hidden in the symbol table, not an undefined reference."""
    own = compile_c(tmp_path / "own.so", "int MPI_Init(void) { return 0; }\n")
    hidden = '__attribute__((visibility("hidden"))) int MPI_Init(void) { return 0; }\n'
    inside = compile_c(tmp_path / "inside.so", hidden + "int f(void) { return MPI_Init(); }\n")
    other = compile_c(tmp_path / "other.so", "int MPI_Init(void); int f(void) { return MPI_Init(); }\n")
    longer = compile_c(tmp_path / "longer.so", "int PMPI_Init(void) { return 0; }\n")
    found = [defines(str(path), "MPI_Init") for path in (own, inside, other, longer)]
    assert found == [True, True, False, False]


def test_both_kinds_of_hash_table_answer(compile_c: Compile, tmp_path: Path) -> None:
    """A library with the old hash table, which lists undefined symbols too, gives the same answers."""
    text = "int MPI_Init(void); int H5open(void) { return MPI_Init(); }\n"
    for style in ("sysv", "gnu"):
        path = compile_c(tmp_path / f"{style}.so", text, flags=("-shared", f"-Wl,--hash-style={style}"))
        assert (defines(str(path), "H5open"), defines(str(path), "MPI_Init")) == (True, False)


def test_what_is_not_elf_gives_nothing(tmp_path: Path) -> None:
    """Text, an empty file and a linker script are not ELF; a missing file is an error of the system."""
    for text in ("", "GROUP ( /lib/libc.so.6 )\n", "\x7fEL"):
        path = tmp_path / "file"
        path.write_text(text)
        assert read_elf(str(path)) is None
        assert not is_elf(str(path))
    assert is_elf(BASH)
    with pytest.raises(FileNotFoundError):
        read_elf(str(tmp_path / "missing"))


def test_damage_is_named_and_never_a_traceback(compile_c: Compile, tmp_path: Path) -> None:
    """A library cut off or scribbled over anywhere gives facts or a VerificationError with its name."""
    whole = compile_c(tmp_path / "whole.so", "int a;\n", flags=("-shared", "-lm")).read_bytes()
    path = tmp_path / "damaged.so"
    messages = []
    for number in range(300):
        data = bytearray(whole)
        if number < 150:
            data = data[: 4 + number * len(whole) // 150]
        else:
            at = 4 + (number - 150) * 7
            data[at : at + 16] = b"\xff" * 16
        path.write_bytes(data)
        try:
            read_elf(str(path))
            defines(str(path), "MPI_Init")
        except VerificationError as error:
            messages.append(error.message)
    assert len(messages) > 20
    assert all(message.startswith(f"{path}: ") for message in messages)


def test_the_interpreter_that_runs_these_tests_is_readable() -> None:
    """A real, large program is read as what it is."""
    facts = read_elf(sys.executable)
    assert facts is not None
    assert facts.kind == "executable"
    assert facts.bits == 64
