"""The loader's rules, each compared with the real loader of this machine."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from pybuild.errors import VerificationError
from pybuild.verify.elf import ElfFacts
from pybuild.verify.resolve import Closure, Loader
from pybuild.verify.search import Loaded, candidates
from pybuild.verify.system import SystemLibraries, parse_cache, system_libraries
from pybuild.verify.tree import Tree

from .conftest import Compile, output

NEW = "-Wl,--enable-new-dtags"
OLD = "-Wl,--disable-new-dtags"


def ldd(path: str, library_path: str = "") -> dict[str, str | None]:
    """Return what the real loader says; the loader itself and the kernel's page are left out."""
    text = output("ldd", path, LD_LIBRARY_PATH=library_path)
    pairs = re.findall(r"^\s+(\S+) => (not found|\S+)", text, re.MULTILINE)
    return {name: None if path == "not found" else path for name, path in pairs if "ld-linux" not in name}


def ours(closure: Closure) -> dict[str, str | None]:
    return {item.name: item.path for item in closure.found if "ld-linux" not in item.name}


def loader(tmp_path: Path, *library_path: str) -> Loader:
    return Loader(Tree(prefix=str(tmp_path), layers=(str(tmp_path),)), library_path=library_path)


def compare(tmp_path: Path, path: Path, *library_path: str) -> dict[str, str | None]:
    """Demand that ours and the loader's answer are the same, and return it."""
    found = ours(loader(tmp_path, *library_path).closure(str(path)))
    assert found == ldd(str(path), ":".join(library_path))
    return found


def _real_files() -> list[str]:
    cc1 = output("cc", "-print-prog-name=cc1")
    folders = ("/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", *_extension_folders())
    names = [os.path.join(top, name) for top in folders if os.path.isdir(top) for name in os.listdir(top)]
    return [sys.executable, cc1.strip(), *sorted(names)[::25]]


def _extension_folders() -> list[str]:
    return [path for path in sys.path if path.endswith("lib-dynload")]


def test_answers_agree_with_ldd_on_this_machines_files(tmp_path: Path) -> None:
    """Programs, libraries and extension modules of this machine get the libraries that ldd names, in full."""
    resolver = loader(tmp_path)
    compared = 0
    for path in _real_files():
        facts = resolver.facts(path)
        if facts is None or facts.kind not in {"shared", "executable"}:
            continue
        closure = resolver.closure(path)
        assert ours(closure) == ldd(path), path
        assert closure.versions == (), path
        compared += 1
    assert compared > 20


def test_a_loaded_name_is_reused(compile_c: Compile, tmp_path: Path) -> None:
    """A name that the program brought in first counts for all: the second libx is never looked at."""
    one = compile_c(tmp_path / "one/libx.so", "int one;\n", soname="libx.so")
    only = compile_c(tmp_path / "libonly.so", "", soname="libonly.so")
    compile_c(tmp_path / "two/libx.so", "int two;\n", only, soname="libx.so")
    y_flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN/../two")
    y = compile_c(tmp_path / "one/liby.so", "", one, flags=y_flags, soname="liby.so")
    flags = (NEW, "-Wl,-rpath,$ORIGIN/one")
    main = compile_c(tmp_path / "main", "int main(void) { return 0; }\n", one, y, flags=flags)
    assert compare(tmp_path, main)["libx.so"] == f"{tmp_path}/one/libx.so"
    assert compare(tmp_path, y)["libx.so"] == f"{tmp_path}/one/../two/libx.so"


@pytest.mark.parametrize("style", [NEW, OLD])
def test_rpath_is_inherited_and_runpath_is_not(compile_c: Compile, tmp_path: Path, style: str) -> None:
    """A library's own needs are found through the program's DT_RPATH, never through its DT_RUNPATH."""
    deep = compile_c(tmp_path / "lib/libdeep.so", "", soname="libdeep.so")
    middle = compile_c(tmp_path / "lib/libmiddle.so", "", deep, soname="libmiddle.so")
    flags = (style, "-Wl,-rpath,${ORIGIN}/lib")
    main = compile_c(tmp_path / "main", "int main(void) { return 0; }\n", middle, flags=flags)
    found = compare(tmp_path, main)
    assert found["libmiddle.so"] == f"{tmp_path}/lib/libmiddle.so"
    assert (found["libdeep.so"] is None) == (style == NEW)


def test_a_runpath_silences_inherited_rpath(compile_c: Compile, tmp_path: Path) -> None:
    """A library with a RUNPATH does not get its asker's DT_RPATH, as the loader has it."""
    deep = compile_c(tmp_path / "lib/libdeep.so", "", soname="libdeep.so")
    flags = ("-shared", NEW, "-Wl,-rpath,/nowhere")
    middle = compile_c(tmp_path / "lib/libmiddle.so", "", deep, flags=flags, soname="libmiddle.so")
    old = (OLD, "-Wl,-rpath,$ORIGIN/lib")
    main = compile_c(tmp_path / "main", "int main(void) { return 0; }\n", middle, flags=old)
    assert compare(tmp_path, main)["libdeep.so"] is None


@pytest.mark.parametrize(("style", "winner"), [(NEW, "env"), (OLD, "own")])
def test_library_path_stands_between_rpath_and_runpath(
    compile_c: Compile, tmp_path: Path, style: str, winner: str
) -> None:
    """LD_LIBRARY_PATH beats a RUNPATH and loses to a DT_RPATH."""
    for folder in ("own", "env"):
        library = compile_c(tmp_path / folder / "libx.so", "", soname="libx.so")
    flags = ("-shared", style, "-Wl,-rpath,$ORIGIN/own")
    user = compile_c(tmp_path / "libuser.so", "", library, flags=flags)
    found = compare(tmp_path, user, str(tmp_path / "env"))
    assert found["libx.so"] == f"{tmp_path}/{winner}/libx.so"


def test_another_processors_library_is_passed_over(compile_c: Compile, tmp_path: Path) -> None:
    """A candidate for another machine does not count; the search goes on to the next folder."""
    good = compile_c(tmp_path / "good/libx.so", "", soname="libx.so")
    wrong = bytearray(good.read_bytes())
    wrong[18:20] = b"\xb7\x00" if wrong[18:20] != b"\xb7\x00" else b"\x3e\x00"  # e_machine, elf(5)
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong/libx.so").write_bytes(wrong)
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN/wrong:$ORIGIN/good")
    user = compile_c(tmp_path / "libuser.so", "", good, flags=flags)
    assert compare(tmp_path, user)["libx.so"] == f"{tmp_path}/good/libx.so"


def test_lib_means_what_the_loader_means(compile_c: Compile, tmp_path: Path) -> None:
    """``$LIB`` in a RUNPATH is this machine's folder name (lib64, lib/x86_64-linux-gnu)."""
    folder = tmp_path / system_libraries().lib
    library = compile_c(folder / "libx.so", "", soname="libx.so")
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN/$LIB")
    user = compile_c(tmp_path / "libuser.so", "", library, flags=flags)
    assert compare(tmp_path, user)["libx.so"] == f"{folder}/libx.so"


def test_the_interpreters_libraries_and_rpath_count(compile_c: Compile, tmp_path: Path) -> None:
    """An extension without a RUNPATH finds its library through the DT_RPATH of conda's Python."""
    library = compile_c(tmp_path / "lib/libx.so", "", soname="libx.so")
    extension = compile_c(tmp_path / "site/ext.so", "", library)
    flags = (OLD, "-Wl,-rpath,$ORIGIN/../lib")
    compile_c(tmp_path / "bin/python3.11", "int main(void) { return 0; }\n", flags=flags)
    (tmp_path / "bin/python").symlink_to("python3.11")
    resolver = loader(tmp_path)
    assert ours(resolver.closure(str(extension)))["libx.so"] is None
    with_python = resolver.closure(str(extension), main=f"{tmp_path}/bin/python")
    assert ours(with_python)["libx.so"] == f"{tmp_path}/bin/../lib/libx.so"


def test_files_are_resolved_before_they_are_in_place(compile_c: Compile, tmp_path: Path) -> None:
    """Files of two layers find each other at final paths; nothing of a stage's own path is in the answer."""
    library = compile_c(tmp_path / "stage-a/lib/libx.so", "", soname="libx.so")
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN/../lib")
    compile_c(tmp_path / "stage-b/ext/ext.so", "", library, flags=flags)
    tree = Tree(prefix="/final/prefix", layers=(str(tmp_path / "stage-a"), str(tmp_path / "stage-b")))
    closure = Loader(tree).closure("/final/prefix/ext/ext.so")
    found = {item.name: item for item in closure.found}["libx.so"]
    assert (found.path, found.real) == ("/final/prefix/ext/../lib/libx.so", "/final/prefix/lib/libx.so")
    assert found.needer == "/final/prefix/ext/ext.so"


def test_a_version_that_the_library_lacks_is_reported(compile_c: Compile, tmp_path: Path) -> None:
    """A file built against a newer library is told from an older one: ``GLIBCXX_3.4.30 not found``."""
    script = tmp_path / "map"
    script.write_text("X_1 { global: x; };\nX_2 { global: y; } X_1;\n")
    versioned = ("-shared", f"-Wl,--version-script={script}")
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN")
    text = "int x(void) { return 1; }\nint y(void) { return 2; }\n"
    new = compile_c(tmp_path / "libx.so", text, flags=versioned, soname="libx.so")
    user = compile_c(tmp_path / "libuser.so", "int y(void); int z(void) { return y(); }\n", new, flags=flags)
    assert loader(tmp_path).closure(str(user)).versions == ()
    script.write_text("X_1 { global: x; };\n")
    compile_c(new, "int x(void) { return 1; }\n", flags=versioned, soname="libx.so")
    (missing,) = loader(tmp_path).closure(str(user)).versions
    assert (missing.needer, missing.library, missing.version) == (str(user), str(new), "X_2")
    compile_c(new, "int y(void) { return 1; }\n", soname="libx.so")
    # Without any versions the loader only warns: such a library is taken.
    assert loader(tmp_path).closure(str(user)).versions == ()


def test_what_cannot_be_resolved_at_all_is_refused(tmp_path: Path) -> None:
    """A missing file, or one that is not ELF, has no closure."""
    (tmp_path / "text.so").write_text("INPUT(libx.so)\n")
    for name in ("text.so", "missing.so"):
        with pytest.raises(VerificationError, match="missing or not an ELF file"):
            loader(tmp_path).closure(f"{tmp_path}/{name}")


def test_the_cache_is_read_as_printed() -> None:
    """Order is kept, processor variants are left out, ``$LIB`` and the folders follow from the C library."""
    system = parse_cache(
        "3 libs found in cache `/etc/ld.so.cache'\n"
        '\tlibz.so.1 (libc6,x86-64, hwcap: "x86-64-v3") => /usr/lib64/glibc-hwcaps/x86-64-v3/libz.so.1\n'
        "\tlibz.so.1 (libc6,x86-64) => /lib64/libz.so.1\n"
        "\tlibz.so.1 (libc6) => /lib/libz.so.1\n"
        "\tlibc.so.6 (libc6,x86-64, OS ABI: Linux 3.2.0) => /lib64/libc.so.6\n"
        "\tlibc.so.6 (libc6) => /lib/libc.so.6\n"
        "Cache generated by: ldconfig (GNU libc) stable release version 2.34\n"
    )
    assert system.cache["libz.so.1"] == ("/lib64/libz.so.1", "/lib/libz.so.1")
    assert system.lib == "lib64"
    assert system.directories == ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


def test_without_a_cache_the_default_folders_remain(compile_c: Compile, tmp_path: Path) -> None:
    """A machine without ldconfig still finds the C library in the default folders."""
    real = system_libraries()
    bare = SystemLibraries(cache={}, directories=real.directories, lib=real.lib)
    tree = Tree(prefix=str(tmp_path), layers=(str(tmp_path),))
    library = compile_c(tmp_path / "libx.so", "")
    assert ours(Loader(tree, system=bare).closure(str(library))) == ldd(str(library))


def test_a_loaded_library_answers_to_its_soname(compile_c: Compile, tmp_path: Path) -> None:
    """A library loaded under one file name satisfies a NEEDED of its SONAME, of which there is no file."""
    library = compile_c(tmp_path / "libfile.so", "")
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN", f"-L{tmp_path}")
    named = compile_c(tmp_path / "libname.so", "", soname="libname.so")
    second = compile_c(tmp_path / "libsecond.so", "", named, flags=flags, soname="libsecond.so")
    # -l leaves the bare file name as NEEDED where the library has no SONAME yet.
    first = (*flags, "-Wl,--no-as-needed", "-lfile")
    user = compile_c(tmp_path / "libuser.so", "", second, flags=first)
    compile_c(library, "", soname="libname.so")
    named.unlink()
    found = ours(loader(tmp_path).closure(str(user)))
    assert found["libname.so"] == found["libfile.so"] == str(library)
    assert "not found" not in output("ldd", str(user))


def test_one_file_under_two_names_is_loaded_once(compile_c: Compile, tmp_path: Path) -> None:
    """A library and a link to it are one file in the process, known by the path that came first."""
    library = compile_c(tmp_path / "libx.so", "")
    flags = ("-shared", NEW, "-Wl,-rpath,$ORIGIN", f"-L{tmp_path}", "-Wl,--no-as-needed")
    other = compile_c(tmp_path / "liby.so", "")
    user = compile_c(tmp_path / "libuser.so", "", flags=(*flags, "-lx", "-ly"))
    other.unlink()
    other.symlink_to(library)
    found = ours(loader(tmp_path).closure(str(user)))
    assert found["libx.so"] == found["liby.so"] == str(library)


def test_order_of_the_search() -> None:
    """A RUNPATH silences the file's own DT_RPATH; cache and default folders come last, in that order."""
    system = SystemLibraries(cache={"libx.so": ("/cached/libx.so",)}, directories=("/default",), lib="lib64")
    top = ElfFacts(kind="executable", bits=64, machine="x64", rpath=("/top",))
    both = ElfFacts(kind="shared", bits=64, machine="x64", rpath=("/silenced",), runpath=("/run",))
    plain = ElfFacts(kind="shared", bits=64, machine="x64", rpath=("/own", "relative", ""))
    main = Loaded(path="/bin/main", real="/bin/main", facts=top, parent=None)
    middle = Loaded(path="/lib/m.so", real="/lib/m.so", facts=both, parent=main)
    last = Loaded(path="/lib/l.so", real="/lib/l.so", facts=plain, parent=middle)
    found = {
        node.path: [
            os.path.dirname(path)
            for path in candidates("libx.so", node, library_path=("/env",), system=system)
        ]
        for node in (middle, last)
    }
    assert found["/lib/m.so"] == ["/env", "/run", "/cached", "/default"]
    assert found["/lib/l.so"] == ["/own", "/top", "/env", "/cached", "/default"]
