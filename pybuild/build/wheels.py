"""Install a wheel into a folder, with pypa's installer; no target Python is run."""

from __future__ import annotations

from pathlib import Path

from pybuild.errors import ArchiveError


def install_wheel(wheel: Path, root: Path, *, packages: Path, python: str) -> None:
    """Unpack ``wheel`` so that ``root`` is a prefix and ``packages`` its site-packages.

    Args:
        python: interpreter that the wheel's scripts shall name.

    Raises:
        ArchiveError: the file is not a sound wheel: damaged, without a record, or naming paths outside.
    """
    import zipfile

    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.exceptions import InstallerError
    from installer.sources import WheelFile

    places = {
        "purelib": str(packages),
        "platlib": str(packages),
        "headers": str(root / "include" / wheel.name.split("-")[0]),
        "scripts": str(root / "bin"),
        "data": str(root),
    }
    destination = SchemeDictionaryDestination(places, interpreter=python, script_kind="posix")
    try:
        with WheelFile.open(wheel) as source:
            install(source, destination, additional_metadata={"INSTALLER": b"conda\n"})
    except (InstallerError, zipfile.BadZipFile, ValueError, KeyError, AssertionError) as error:
        raise ArchiveError(f"{wheel.name}: not a sound wheel: {error}") from error
