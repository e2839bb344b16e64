"""A wheel goes where it is told, with the scripts' interpreter, and never anywhere else."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from pybuild.build.wheels import install_wheel
from pybuild.errors import ArchiveError

PYTHON = "/env/bin/python"


def wheel(
    folder: Path, files: dict[str, str], *, record: bool = True, executable: tuple[str, ...] = ()
) -> Path:
    """Write a wheel with the given files and a right record."""
    path = folder / "thing-1.0-py3-none-any.whl"
    info = "thing-1.0.dist-info"
    entries = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **files,
    }
    rows = []
    for name, text in entries.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        rows.append(f"{name},sha256={digest},{len(text.encode())}\n")
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, text)
        if record:
            archive.writestr(f"{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")
    return path


def install(tmp_path: Path, file: Path) -> Path:
    root = tmp_path / "root"
    install_wheel(file, root, packages=root / "lib" / "python3.11" / "site-packages", python=PYTHON)
    return root


def test_each_part_of_a_wheel_has_its_place(tmp_path: Path) -> None:
    """Modules to site-packages, scripts to bin, data to the root, headers below include."""
    files = {
        "thing/__init__.py": "x = 1\n",
        "thing-1.0.data/scripts/run": "#!python\nprint(1)\n",
        "thing-1.0.data/data/share/thing.txt": "data",
        "thing-1.0.data/headers/thing.h": "// h",
        "thing-1.0.data/purelib/more.py": "",
    }
    root = install(tmp_path, wheel(tmp_path, files))
    packages = root / "lib/python3.11/site-packages"
    assert (packages / "thing/__init__.py").read_text() == "x = 1\n"
    assert (packages / "more.py").exists()
    assert (root / "share/thing.txt").read_text() == "data"
    assert (root / "include/thing/thing.h").exists()
    assert (packages / "thing-1.0.dist-info/INSTALLER").read_text() == "conda\n"


def test_scripts_name_the_given_interpreter_and_can_be_run(tmp_path: Path) -> None:
    """Both those of the wheel and those of its entry points; other files keep their bits."""
    files = {
        "thing.py": "def main(): pass\n",
        "thing.sh": "#!/bin/sh\n",
        "plain.txt": "",
        "thing-1.0.data/scripts/run": "#!python\nprint(1)\n",
        "thing-1.0.data/scripts/shell": "#!/bin/sh\n",
        "thing-1.0.dist-info/entry_points.txt": "[console_scripts]\nthing = thing:main\n",
    }
    scripts = ("thing-1.0.data/scripts/run", "thing-1.0.data/scripts/shell", "thing.sh")
    root = install(tmp_path, wheel(tmp_path, files, executable=scripts))
    assert (root / "bin/run").read_text() == f"#!{PYTHON}\nprint(1)\n"
    assert (root / "bin/thing").read_text().startswith(f"#!{PYTHON}\n")
    assert (root / "bin/shell").read_text() == "#!/bin/sh\n"
    packages = root / "lib/python3.11/site-packages"
    for path in (root / "bin/run", root / "bin/thing", root / "bin/shell", packages / "thing.sh"):
        assert os.access(path, os.X_OK), path
        assert path.stat().st_mode & 0o111 == 0o111, path
    assert (packages / "plain.txt").stat().st_mode & 0o111 == 0


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "thing/../../../../../outside",
        "/tmp/pybuild-hostile-wheel",
        "thing-1.0.data/scripts/../../outside",
        "thing-1.0.data/data/../outside",
    ],
)
def test_a_hostile_wheel_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    """It is refused by name, wherever in it the path stands."""
    home = tmp_path / "deep" / "deeper"
    home.mkdir(parents=True)
    with pytest.raises(ArchiveError, match=r"thing-1\.0-py3-none-any\.whl: not a sound wheel"):
        install(home, wheel(tmp_path, {name: "bad"}))
    found = [path.name for path in tmp_path.rglob("*") if path.name in ("outside", "pybuild-hostile-wheel")]
    assert found == []
    assert not os.path.exists("/tmp/pybuild-hostile-wheel")


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    """No archive, a cut one, one without a record or with a part that nobody knows."""
    file = wheel(tmp_path, {"thing.py": "x" * 5000})
    whole = file.read_bytes()
    for bad in (b"", b"no archive", whole[: len(whole) // 2]):
        file.write_bytes(bad)
        with pytest.raises(ArchiveError, match="not a sound wheel"):
            install(tmp_path, file)
    with pytest.raises(ArchiveError, match="not a sound wheel"):
        install(tmp_path, wheel(tmp_path, {"thing.py": ""}, record=False))
    with pytest.raises(ArchiveError, match="not a sound wheel"):
        install(tmp_path, wheel(tmp_path, {"thing-1.0.data/surprise/x": ""}))


def test_bytes_that_are_damaged_inside_are_refused(tmp_path: Path) -> None:
    """The archive's own checksum is looked at."""
    file = wheel(tmp_path, {"thing.py": "x" * 5000})
    file.write_bytes(file.read_bytes().replace(b"x" * 100, b"y" * 100, 1))
    with pytest.raises(ArchiveError, match="not a sound wheel"):
        install(tmp_path, file)


def test_two_wheels_with_the_same_file_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """The second is an error, not a surprise."""
    file = wheel(tmp_path, {"thing.py": "1"})
    install(tmp_path, file)
    with pytest.raises((ArchiveError, FileExistsError)):
        install(tmp_path, file)
