"""Interpreters of this machine become prefixes that run elsewhere and never look back."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.interpreter.find import find_interpreters
from pybuild.interpreter.home import Home, read_home
from pybuild.interpreter.stage import stage_interpreter
from pybuild.process import Captured, capture
from pybuild.runpath import read_dynamic

PLACEHOLDER = "/opt/placeholder_" + "p" * 100
FOUND = tuple(one.path for one in find_interpreters(None, environ=os.environ) if one.rejected is None)
OWN = find_interpreters(None, environ={})
DEBIAN = tuple(path for path in FOUND if path.startswith("/usr/bin/"))
# The newest, the two oldest (2.7, and one whose names end in m), the system's and our own differ most.
KINDS = (
    FOUND
    if "PYBUILD_TEST_ALL_PYTHONS" in os.environ
    else tuple(
        dict.fromkeys((*FOUND[:1], *FOUND[-2:], *DEBIAN, *(one.path for one in OWN[:1] if one.path in FOUND)))
    )
)

EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, "42"}, {NULL, NULL, 0, NULL}};
#if PY_MAJOR_VERSION >= 3
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "tiny", NULL, -1, methods};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&definition); }
#else
PyMODINIT_FUNC inittiny(void) { Py_InitModule("tiny", methods); }
#endif
"""


@dataclass
class Moved:
    """A staged interpreter at another place, its placeholder replaced as an installer does."""

    home: Home
    root: Path

    def run(self, *argv: str) -> Captured:
        return capture(
            [str(self.root / "bin" / f"python{self.home.short}"), *argv], env={}, cwd="/", timeout=120
        )

    def ask(self, code: str) -> str:
        done = self.run("-c", code)
        assert done.code == 0, done.err
        return done.out.strip()


def move(origin: str, folder: Path) -> Moved:
    staging, root = folder / "staging", folder / "elsewhere" / "prefix"
    stage_interpreter(origin, staging, PLACEHOLDER)
    root.parent.mkdir()
    staging.rename(root)
    for path in plain_files(root):
        data = path.read_bytes()
        if PLACEHOLDER.encode() in data:
            assert b"\0" not in data, f"{path} is not text"
            path.write_bytes(data.replace(PLACEHOLDER.encode(), str(root).encode()))
    return Moved(read_home(origin), root)


def plain_files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.fixture(scope="module", params=KINDS)
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("moved")
    yield move(request.param, folder)
    shutil.rmtree(folder)


def test_it_runs_in_an_empty_environment_from_its_new_place(moved: Moved) -> None:
    told = json.loads(
        moved.ask(
            "import json, sys, sysconfig; print(json.dumps([sys.prefix, sys.exec_prefix, sys.path[1:],"
            "sysconfig.get_path('purelib'), sysconfig.get_path('platlib'), sysconfig.get_path('scripts'),"
            "sysconfig.get_config_var('LIBDIR'), sysconfig.get_config_var('BINDIR')]))"
        )
    )
    root, packages = str(moved.root), str(moved.root / moved.home.library / "site-packages")

    assert told[0] == told[1] == root
    assert all(entry.startswith(root + "/") for entry in told[2])
    assert packages in told[2]
    assert told[3:] == [packages, packages, f"{root}/bin", f"{root}/lib", f"{root}/bin"]


def test_it_loads_nothing_of_its_old_home(moved: Moved) -> None:
    text = moved.ask(
        "import ctypes, json, hashlib, decimal, multiprocessing, sqlite3, ssl, sys, zlib, unittest\n"
        "files = [getattr(m, '__file__', None) or '' for m in list(sys.modules.values())]\n"
        "maps = [line.split()[-1] for line in open('/proc/self/maps')]\n"
        "print(json.dumps(files + maps))"
    )
    files = {path for path in json.loads(text) if path.startswith("/")}

    assert not [path for path in files if path.startswith((moved.home.stdlib + "/", *moved.home.olds))]


def test_its_names_are_those_of_a_conda_prefix(moved: Moved) -> None:
    short = moved.home.short
    for name in ("python", f"python{short[0]}"):
        assert os.readlink(moved.root / "bin" / name) == f"python{short}"
    assert not list((moved.root / moved.home.library / "site-packages").iterdir())
    assert (moved.root / moved.home.headers / "Python.h").is_file()


def test_tests_archives_and_foreign_modules_are_left_out(moved: Moved) -> None:
    library = moved.root / moved.home.library
    names = {path.name for path in library.rglob("*")}

    assert not names & {"test", "tests", "idle_test", "EXTERNALLY-MANAGED", "sitecustomize.py"}
    assert not [name for name in names if re.fullmatch(r"libpython.*\.a|.*\.opt-\d\.pyc|.*\.pyo", name)]
    assert not [path for path in moved.root.rglob("*") if path.is_symlink() and not path.exists()]


def test_no_file_names_the_old_home(moved: Moved) -> None:
    home = moved.home
    own = (home.stdlib, home.include, f"{home.prefix}/bin/python{home.short}")
    needles = [needle.encode() for needle in (own if home.shared else home.olds)]
    for path in plain_files(moved.root):
        # Bytecode keeps the name its module had when it was compiled; importlib corrects it.
        if path.suffix == ".pyc":
            continue
        data = path.read_bytes()
        # The PREFIX that getpath.c was compiled with is its last resort, where no library is beside it.
        if data.startswith(b"\x7fELF") and path.name.startswith(("python", "libpython")):
            continue
        assert not [needle for needle in needles if needle in data], path


def test_no_runpath_leads_into_the_old_home(moved: Moved) -> None:
    for path in plain_files(moved.root):
        if path.read_bytes()[:4] == b"\x7fELF":
            for entry in read_dynamic(path).entries:
                assert not entry.startswith((moved.home.prefix + "/", *moved.home.olds)), path


def test_bytecode_that_fits_is_kept_and_no_stale_one_is(moved: Moved) -> None:
    code = (
        "import json, os, struct, sys\n"
        "stale = []; kept = 0\n"
        "for top, _, names in os.walk(os.path.join(sys.prefix, 'lib')):\n"
        "    for name in names:\n"
        "        source = os.path.join(top, name)\n"
        "        if not name.endswith('.py'): continue\n"
        "        if sys.version_info[0] == 2: cached = source + 'c'\n"
        "        else:\n"
        "            import importlib.util\n"
        "            cached = importlib.util.cache_from_source(source)\n"
        "        if not os.path.exists(cached): continue\n"
        "        at = 4 if sys.version_info < (3, 7) else 8\n"
        "        time, = struct.unpack('<I', open(cached, 'rb').read()[at:at + 4])\n"
        "        if time == int(os.stat(source).st_mtime): kept += 1\n"
        "        else: stale.append(source)\n"
        "print(json.dumps([kept, stale]))"
    )
    kept, stale = json.loads(moved.ask(code))

    assert kept > 100
    assert stale == []


def test_a_c_extension_builds_with_what_sysconfig_says(moved: Moved, tmp_path: Path) -> None:
    suffix, include = json.loads(
        moved.ask(
            "import json, sysconfig as s; v = s.get_config_var; "
            "print(json.dumps([v('EXT_SUFFIX') or v('SO'), v('INCLUDEPY')]))"
        )
    )
    source = tmp_path / "tiny.c"
    source.write_text(EXTENSION)
    target = moved.root / moved.home.library / "site-packages" / f"tiny{suffix}"
    argv = ["cc", "-shared", "-fPIC", f"-I{include}", "-o", str(target), str(source)]

    built = capture(argv, env={"PATH": "/usr/bin:/bin"})
    assert built.code == 0, built.err
    answer = moved.ask("import tiny; print(tiny.answer())")
    target.unlink()

    assert include == str(moved.root / moved.home.headers)
    assert answer == "42"


def test_python_config_names_the_new_place(moved: Moved) -> None:
    config = moved.root / "bin" / f"python{moved.home.short}-config"
    if not config.exists():
        assert not os.path.exists(f"{moved.home.executable}-config")
        return

    told = capture([str(config), "--includes"], env={"PATH": "/usr/bin:/bin"})

    assert set(told.out.split()) == {f"-I{moved.root / moved.home.headers}"}


def test_pip_installs_into_it_and_nowhere_else(tmp_path: Path) -> None:
    """Tried with the system's own Python where it can serve: Debian would have pip install elsewhere."""
    origin = (*DEBIAN, *FOUND)[0]
    moved = move(origin, tmp_path)
    if moved.run("-c", "import ensurepip").code != 0:
        assert capture([origin, "-c", "import ensurepip"], env={}).code != 0
        return
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    make_wheel(wheel)

    assert moved.run("-m", "ensurepip").code == 0
    options = ["--no-index", "--no-deps", "--root-user-action=ignore", "--disable-pip-version-check"]
    done = moved.run("-m", "pip", "install", *options, str(wheel))

    assert done.code == 0, done.err
    packages = moved.root / moved.home.library / "site-packages"
    assert (packages / "demo.py").is_file()
    assert (packages / "pip").is_dir()
    assert not (moved.root / "local").exists()
    assert moved.ask("import demo; print(demo.answer)") == "42"


def make_wheel(path: Path) -> None:
    import zipfile

    info = "demo-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo.py", "answer = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def private_home(tmp_path: Path) -> Path:
    """Give a whole interpreter of one's own, to be spoiled."""
    home = tmp_path / "home"
    stage_interpreter(FOUND[0], home, str(home))
    return home


def program(home: Path) -> str:
    return os.path.realpath(home / "bin" / "python")


def test_an_interpreter_without_headers_is_refused(private_home: Path, tmp_path: Path) -> None:
    shutil.rmtree(private_home / "include")

    (found,) = find_interpreters(program(private_home), environ={})
    assert "headers" in str(found.rejected)
    with pytest.raises(PrefixError, match="headers"):
        stage_interpreter(program(private_home), tmp_path / "staging", PLACEHOLDER)


def test_what_is_installed_in_the_origin_stays_there(private_home: Path, tmp_path: Path) -> None:
    library = private_home / read_home(program(private_home)).library
    (library / "site-packages" / "pip").mkdir()
    (library / "site-packages" / "pip" / "__init__.py").write_text("")
    (library / "sitecustomize.py").write_text("raise SystemExit('seen')\n")
    header = private_home / read_home(program(private_home)).headers / "numpy" / "arrayobject.h"
    header.parent.mkdir()
    header.write_text("")

    stage_interpreter(program(private_home), tmp_path / "staging", PLACEHOLDER)

    names = {path.name for path in (tmp_path / "staging").rglob("*")}
    assert not names & {"pip", "sitecustomize.py", "arrayobject.h"}


def test_libraries_of_its_own_home_move_with_it(private_home: Path, tmp_path: Path) -> None:
    """As in conda's and uv's: a module needs a library beside it, which needs another one."""
    environment = {"PATH": "/usr/bin:/bin"}
    source = tmp_path / "x.c"
    source.write_text("int x(void) { return 1; }\n")
    dynload = private_home / read_home(program(private_home)).library / "lib-dynload"
    lib = private_home / "lib"
    for target, options in (
        (lib / "libinner.so.1", ["-Wl,-soname,libinner.so.1"]),
        (lib / "libouter.so.1", ["-Wl,-rpath,$ORIGIN", str(lib / "libinner.so.1")]),
        (dynload / "needy.so", [f"-Wl,-rpath,{lib}", f"-L{lib}", "-l:libouter.so.1"]),
    ):
        argv = ["cc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", str(target), str(source), *options]
        built = capture(argv, env=environment)
        assert built.code == 0, built.err

    stage_interpreter(program(private_home), tmp_path / "staging", PLACEHOLDER)
    shutil.rmtree(private_home)

    needy = tmp_path / "staging" / dynload.relative_to(private_home) / "needy.so"
    assert read_dynamic(needy).entries == ("$ORIGIN/../..",)
    seen = capture(["ldd", str(needy)], env=environment).out
    assert f"{tmp_path}/staging/lib/python" in seen
    assert "libinner.so.1 => " in seen
    assert "not found" not in seen


def test_the_home_it_was_built_for_is_replaced_too(private_home: Path, tmp_path: Path) -> None:
    """As in python-build-standalone, which uv installs: its sysconfig data name /install."""
    found = [
        path for path in (private_home / "lib").glob("python*/_sysconfigdata*.py") if not path.is_symlink()
    ]
    assert found
    for data in found:
        data.write_text(data.read_text().replace(str(private_home), "/install"))

    stage_interpreter(program(private_home), tmp_path / "staging", PLACEHOLDER)

    for data in found:
        copy = tmp_path / "staging" / data.relative_to(private_home)
        assert PLACEHOLDER in copy.read_text()
        assert not re.search(r"(?<![\w.])/install\b", copy.read_text())
        assert "/usr/bin/install -c" in copy.read_text()


def test_a_change_of_a_distributor_that_is_not_known_fails_loudly(private_home: Path, tmp_path: Path) -> None:
    library = private_home / read_home(program(private_home)).library
    for path in (library / "sysconfig.py", library / "sysconfig" / "__init__.py"):
        if path.exists():
            path.write_text(path.read_text().replace("/site-packages", "/vendor-packages"))

    with pytest.raises(PrefixError, match=r"purelib is '.*/vendor-packages', not '.*/site-packages'"):
        stage_interpreter(program(private_home), tmp_path / "staging", PLACEHOLDER)


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PrefixError, match="not empty"):
        stage_interpreter(FOUND[0], tmp_path, PLACEHOLDER)


def test_what_is_no_interpreter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PrefixError, match="cannot be asked"):
        stage_interpreter("/bin/true", tmp_path / "staging", PLACEHOLDER)


def test_staging_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        stage_interpreter(FOUND[0], tmp_path / name, PLACEHOLDER)
    one, two = (
        {path.relative_to(tmp_path / name): path for path in plain_files(tmp_path / name)}
        for name in ("one", "two")
    )

    assert one.keys() == two.keys()
    assert [path for path in one if one[path].read_bytes() != two[path].read_bytes()] == []
