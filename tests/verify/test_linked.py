"""The level linked: what must pass, and everything that must be refused by name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pybuild.errors import VerificationError
from pybuild.model.plan import PlannedCheck
from pybuild.verify.families import find_users
from pybuild.verify.linked import LinkReport, LinkRules, check_linked
from pybuild.verify.tree import Tree

from .conftest import EXTENSION, INTERPRETER, MPI, PACKAGE, USES_MPI, Compile, Prefix

STEMS = "libmpi|libmpich"
CHECK = PlannedCheck(level="linked", name="mpi", module="mpi4py.MPI", soname=STEMS)


def check(prefix: Prefix, *files: str, checks: Iterable[PlannedCheck] = (CHECK,), **rules: Any) -> LinkReport:
    """Check files of a prefix with its own interpreter and library."""
    tree = Tree(prefix=str(prefix.root), layers=(str(prefix.root),))
    rules = {"expected": ((STEMS, str(prefix.mpi)),), **rules}
    return check_linked(
        tree, files, checks, rules=LinkRules(interpreter=str(prefix.root / INTERPRETER), **rules)
    )


def refused(report: LinkReport, *fragments: str) -> None:
    """Demand exactly one problem, which has every fragment."""
    assert len(report.problems) == 1, report.problems
    for fragment in fragments:
        assert fragment in report.problems[0]
    with pytest.raises(VerificationError, match=re.escape(fragments[0])):
        report.demand()


def test_a_good_extension_passes_and_its_library_is_recorded(prefix: Prefix) -> None:
    """An extension linked to the provider's MPI has no problem; path, soname and digest go to the record."""
    report = check(prefix, prefix.extension(), "no/such/file", "bin/python3.11")
    assert report.problems == ()
    assert report.demand() is report
    assert report.checked == (EXTENSION, "bin/python3.11")
    (library,) = report.libraries
    assert (library.path, library.soname) == (str(prefix.mpi), "libmpi.so.12")
    assert library.sha256 == hashlib.sha256(prefix.mpi.read_bytes()).hexdigest()


def test_links_to_the_same_file_are_the_same_library(prefix: Prefix, tmp_path: Path) -> None:
    """The provider named by a development link, and the prefix by a link, are still that library."""
    (prefix.root / "lib/libmpi.so").symlink_to("libmpi.so.12")
    (tmp_path / "link").symlink_to(prefix.root)
    prefix.extension()
    expected = ((STEMS, f"{tmp_path}/link/lib/libmpi.so"),)
    assert check(prefix, EXTENSION, expected=expected).problems == ()


def test_everything_is_checked_before_it_is_in_place(prefix: Prefix, tmp_path: Path) -> None:
    """A staged extension over a prefix that has only the library is judged at its final path."""
    prefix.extension()
    stage = tmp_path / "stage"
    (stage / PACKAGE).mkdir(parents=True)
    (prefix.root / EXTENSION).rename(stage / EXTENSION)
    rules = LinkRules(expected=((STEMS, str(prefix.mpi)),), interpreter=str(prefix.root / INTERPRETER))
    tree = Tree(prefix=str(prefix.root), layers=(str(stage), str(prefix.root)))
    assert check_linked(tree, [EXTENSION], [CHECK], rules=rules).problems == ()
    alone = Tree(prefix=str(prefix.root), layers=(str(prefix.root),))
    refused(check_linked(alone, [], [CHECK], rules=rules), "mpi4py.MPI: no extension module found")


def test_a_variant_of_the_indexs_wheel_is_refused_by_name(prefix: Prefix) -> None:
    """``MPI.mpich.*.so``, beside a good extension or without it, is the index's wheel and not a build."""
    wheel = prefix.extension(path=f"{PACKAGE}/MPI.mpich.cpython-311-x86_64-linux-gnu.so")
    for _ in range(2):
        refused(check(prefix, wheel), f"{wheel}: this is the index's wheel, not a build")
        prefix.extension()


def test_an_extension_of_another_mpi_is_refused(prefix: Prefix, compile_c: Compile) -> None:
    """An extension that resolves to another libmpi.so.12 than the provider's is refused with both paths."""
    other = compile_c(prefix.root / "opt/other/libmpi.so.12", MPI, soname="libmpi.so.12")
    report = check(prefix, prefix.extension(other, runpath="$ORIGIN/../../../../opt/other"))
    refused(report, "is linked to", "opt/other/libmpi.so.12", f"expected the provider's library {prefix.mpi}")


def test_a_provider_that_is_gone_is_named(prefix: Prefix) -> None:
    """A provider's library that does not exist is a problem and not a pass."""
    report = check(prefix, prefix.extension(), expected=((STEMS, "/opt/gone/libmpi.so"),))
    refused(report, "the provider's library /opt/gone/libmpi.so does not exist")


def test_an_extension_without_mpi_is_refused(prefix: Prefix, compile_c: Compile) -> None:
    """An extension that needs no MPI library at all (a serial build) is refused with what it needs."""
    compile_c(prefix.root / EXTENSION, "int serial;\n")
    refused(check(prefix, EXTENSION), f"{EXTENSION}: is not linked to libmpi|libmpich, found only libc.so.6")


def test_a_companion_is_not_the_library(prefix: Prefix, compile_c: Compile) -> None:
    """libmpi_cxx beside libmpi does not count as the library, and is no second MPI."""
    companion = compile_c(prefix.root / "lib/libmpi_cxx.so.40", "int cxx;\n", soname="libmpi_cxx.so.40")
    report = check(prefix, prefix.extension(companion, prefix.mpi))
    assert report.problems == ()
    assert [library.soname for library in report.libraries] == ["libmpi.so.12"]


def test_a_program_or_a_static_extension_is_refused(prefix: Prefix, compile_c: Compile) -> None:
    """What ``cc`` without -shared makes on a Cray is refused: a static program, or one with MPI inside."""
    compile_c(prefix.root / EXTENSION, "int main(void) { return 0; }\n", flags=("-static",))
    refused(
        check(prefix, EXTENSION), f"{EXTENSION}: is a statically linked program, expected a shared object"
    )
    compile_c(prefix.root / EXTENSION, MPI + "int PyInit_MPI(void) { return MPI_Init(0, 0); }\n")
    refused(check(prefix, EXTENSION), f"{EXTENSION}: contains MPI_Init itself, so it is linked statically")
    hidden = '__attribute__((visibility("hidden"))) ' + MPI
    compile_c(prefix.root / EXTENSION, hidden + "int f(void) { return MPI_Init(0, 0); }\n")
    refused(check(prefix, EXTENSION), f"{EXTENSION}: contains MPI_Init itself")


def test_text_in_place_of_an_extension_is_refused(prefix: Prefix) -> None:
    """A file with an extension's name that is not ELF is refused, and a damaged one is named."""
    path = prefix.root / EXTENSION
    path.parent.mkdir(parents=True)
    path.write_text("INPUT(libmpi.so)\n")
    refused(check(prefix, EXTENSION), f"{EXTENSION}: is not an ELF file")
    path.write_bytes(prefix.mpi.read_bytes()[:200])
    refused(check(prefix, EXTENSION), "damaged ELF file", EXTENSION)


def test_what_resolves_nowhere_is_named_with_its_needer(prefix: Prefix, compile_c: Compile) -> None:
    """A NEEDED library that is missing, directly or behind another library, is named with who needs it."""
    gone = compile_c(prefix.root / "lib/libgone.so.1", "", soname="libgone.so.1")
    middle = compile_c(prefix.root / "lib/libmiddle.so", "", gone, soname="libmiddle.so")
    prefix.extension(prefix.mpi, middle)
    gone.unlink()
    refused(check(prefix, EXTENSION), "libmiddle.so: needs libgone.so.1, which is found nowhere")
    prefix.extension(runpath="/nowhere")
    refused(check(prefix, EXTENSION), f"{EXTENSION}: needs libmpi.so.12, which is found nowhere")
    assert check(prefix, EXTENSION, library_path=(f"{prefix.root}/lib",)).problems == ()


def test_a_library_may_need_what_its_user_finds(prefix: Prefix, compile_c: Compile) -> None:
    """An old wheel's libraries have no RPATH: they inherit that of the extension which brings them in."""
    own = prefix.root / "lib/own"
    deep = compile_c(own / "libdeep.so", "int deep(void);", soname="libdeep.so")
    middle = compile_c(own / "libmiddle.so", "int middle(void);", deep, soname="libmiddle.so")
    said = "libmiddle.so: needs libdeep.so, which is found nowhere"
    refused(check(prefix, "lib/own/libmiddle.so", checks=()), said)
    flags = ("-shared", f"-Wl,--disable-new-dtags,-rpath,{own}")
    compile_c(prefix.root / "lib/user.so", "int user(void);", middle, flags=flags)
    assert check(prefix, "lib/own/libmiddle.so", "lib/user.so", checks=()).problems == ()
    deep.unlink()
    refused(check(prefix, "lib/own/libmiddle.so", "lib/user.so", checks=()), said)


def test_a_compute_nodes_library_may_be_absent(prefix: Prefix, compile_c: Compile) -> None:
    """libcuda.so.1, declared to be on compute nodes only, is no problem; undeclared it is."""
    cuda = compile_c(prefix.root / "lib/libcuda.so.1", "", soname="libcuda.so.1")
    prefix.extension(prefix.mpi, cuda)
    cuda.unlink()
    assert check(prefix, EXTENSION, absent=("libcuda.so.1",)).problems == ()
    refused(check(prefix, EXTENSION), "libcuda.so.1")


def test_a_runpath_into_the_stage_is_refused(prefix: Prefix, tmp_path: Path) -> None:
    """A RUNPATH into the build is refused, spelled out, through a link, or by way of $ORIGIN."""
    stage = tmp_path / "stage"
    (stage / "lib").mkdir(parents=True)
    (tmp_path / "link").symlink_to(stage)
    for entry in (f"{stage}/lib", f"{stage}", "$ORIGIN/../../../../../stage/lib"):
        prefix.extension(runpath=f"$ORIGIN/../../..:{entry}")
        report = check(prefix, EXTENSION, forbidden=(str(tmp_path / "link"),))
        refused(report, f"{EXTENSION}: its RUNPATH points into the build", entry)
    prefix.extension(runpath=f"$ORIGIN/../../..:{stage}-kept")
    assert check(prefix, EXTENSION, forbidden=(str(stage),)).problems == ()


def test_a_program_that_was_linked_as_a_library_is_refused(prefix: Prefix, compile_c: Compile) -> None:
    """What a wrapper makes of an interpreter when it is told -shared; a real program beside it is fine."""
    compile_c(prefix.root / "bin/python-mpi", "int main(void) { return 0; }\n", flags=())
    assert check(prefix, "bin/python-mpi", checks=()).problems == ()
    compile_c(prefix.root / "bin/python-mpi", "int main(void) { return 0; }\n")
    refused(
        check(prefix, "bin/python-mpi", checks=()), "bin/python-mpi: is a shared library, expected a program"
    )


def test_hugepages_are_refused_with_the_needer(prefix: Prefix, compile_c: Compile) -> None:
    """The library libhugetlbfs is refused wherever it comes in, also by a library behind another."""
    huge = compile_c(prefix.root / "lib/libhugetlbfs.so", "", soname="libhugetlbfs.so")
    refused(
        check(prefix, prefix.extension(prefix.mpi, huge)),
        f"{EXTENSION}: needs libhugetlbfs.so, which must not be linked",
    )
    middle = compile_c(prefix.root / "lib/libmiddle.so", "", huge, soname="libmiddle.so")
    prefix.extension(prefix.mpi, middle)
    problems = check(prefix, EXTENSION).problems
    assert any("libmiddle.so: needs libhugetlbfs.so, which must not be linked" in text for text in problems)


def test_two_mpis_in_one_prefix_are_refused_by_name(prefix: Prefix, compile_c: Compile) -> None:
    """A package of the prefix that resolves to a second MPI is refused with both libraries and users."""
    other = compile_c(prefix.root / "opt/libmpi.so.12", MPI, soname="libmpi.so.12")
    site = "lib/python3.11/site-packages"
    second = prefix.extension(other, runpath=f"{prefix.root}/opt", path=f"{site}/petsc4py/PETSc.so")
    prefix.extension()
    tree = Tree(prefix=str(prefix.root), layers=(str(prefix.root),))
    users = find_users(tree)
    assert users == (EXTENSION, second)
    report = check(prefix, EXTENSION, users=users)
    refused(
        report,
        "must have one MPI library",
        "lib/libmpi.so.12 (used by lib",
        f"opt/libmpi.so.12 (used by {second})",
    )
    prefix.extension(path=second)
    assert check(prefix, EXTENSION, users=users).problems == ()


def test_another_user_that_finds_no_mpi_is_refused(prefix: Prefix) -> None:
    """An MPI user elsewhere in the prefix that resolves to nothing does not share our MPI."""
    lost = prefix.extension(runpath="/nowhere", path="lib/python3.11/site-packages/other/ext.so")
    report = check(prefix, prefix.extension(), users=(lost,))
    refused(report, f"{lost} needs libmpi.so.12, which is found nowhere")


def test_others_do_not_hinder_a_package_without_mpi(prefix: Prefix, compile_c: Compile) -> None:
    """A package that uses no MPI is not refused for the state of the rest of the prefix."""
    lost = prefix.extension(runpath="/nowhere", path="lib/python3.11/site-packages/other/ext.so")
    plain = compile_c(prefix.root / "lib/plain.so", "int plain;\n")
    assert check(prefix, str(plain.relative_to(prefix.root)), checks=(), users=(lost,)).problems == ()


def test_two_hdf5s_and_a_bundled_one_are_refused(prefix: Prefix, compile_c: Compile) -> None:
    """The HDF5 that a wheel carries is refused as such, and two HDF5 in one prefix are refused by name."""
    text = "int H5open(void) { return 0; }\n"
    site = "lib/python3.11/site-packages"
    own = compile_c(prefix.root / "lib/libhdf5.so.103", text, soname="libhdf5.so.103")
    name = "libhdf5-5ad7b7cd.so.310.0.0"
    bundled = compile_c(prefix.root / site / "h5py.libs" / name, text, soname=name)
    path = f"{site}/h5py/h5.cpython-311-x86_64-linux-gnu.so"
    wanted = PlannedCheck(level="linked", name="hdf5", module="h5py.h5", soname="libhdf5")
    flags = ("-shared", "-Wl,-rpath,$ORIGIN/../h5py.libs:$ORIGIN/../../..")
    compile_c(prefix.root / path, "", bundled, flags=flags)
    refused(
        check(prefix, path, checks=(wanted,)), f"{path}: is linked to {name}, a copy that a wheel brought"
    )
    compile_c(prefix.root / path, "", own, flags=flags)
    other = compile_c(
        prefix.root / site / "tables.so", "", bundled, flags=("-shared", "-Wl,-rpath,$ORIGIN/h5py.libs")
    )
    users = (str(other.relative_to(prefix.root)),)
    report = check(prefix, path, checks=(wanted,), users=users)
    refused(
        report, "must have one HDF5 library", "lib/libhdf5.so.103 (used by", f"{name} (used by {users[0]})"
    )


def test_cray_names_are_known(prefix: Prefix, compile_c: Compile) -> None:
    """libmpi_gnu_91.so.12 and libmpich_gnu_82.so.3 are MPI; libmpifort alone is not."""
    for name, problems in (("libmpi_gnu_91.so.12", 0), ("libmpich_gnu_82.so.3", 0), ("libmpifort.so.12", 1)):
        library = compile_c(prefix.root / "lib" / name, MPI, soname=name)
        prefix.extension(library)
        report = check(prefix, EXTENSION, expected=((STEMS, str(library)),))
        assert len(report.problems) == problems, report.problems


def test_data_for_another_processor_is_passed_over(prefix: Prefix, compile_c: Compile) -> None:
    """An ELF file for another machine in a package is data: its libraries need not exist here."""
    path = compile_c(prefix.root / "share/data.so", USES_MPI)
    content = bytearray(path.read_bytes())
    content[18:20] = b"\xb7\x00" if content[18:20] != b"\xb7\x00" else b"\x3e\x00"  # e_machine, elf(5)
    path.write_bytes(content)
    report = check(prefix, "share/data.so", checks=())
    assert (report.problems, report.checked) == ((), ())


def test_a_library_that_is_too_old_is_named(prefix: Prefix, compile_c: Compile, tmp_path: Path) -> None:
    """An extension that needs a symbol version its library lacks is refused before anybody imports it."""
    script = tmp_path / "map"
    script.write_text("CXX_1 { global: x; };\nCXX_2 { global: y; } CXX_1;\n")
    flags = ("-shared", f"-Wl,--version-script={script}")
    text = "int x(void) { return 1; }\nint y(void) { return 1; }\n"
    library = compile_c(prefix.root / "lib/libx.so", text, flags=flags, soname="libx.so")
    own = ("-shared", "-Wl,-rpath,$ORIGIN/../..")
    path = "lib/python3.11/site-packages/x.so"
    compile_c(prefix.root / path, "int y(void); int z(void) { return y(); }\n", library, flags=own)
    script.write_text("CXX_1 { global: x; };\n")
    compile_c(library, "int x(void) { return 1; }\n", flags=flags, soname="libx.so")
    refused(check(prefix, path, checks=()), f"{path}: needs CXX_2, which", "lib/libx.so does not have")
