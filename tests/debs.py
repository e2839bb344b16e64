"""Debian packages unpacked aside, and Debian's sources: real parts for the tests, without installing them.

An installed MPI or HDF5 would be found by tests that need a machine without one, and Debian's Lmod cannot
be installed beside Environment Modules.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from pybuild.process import capture

LIMIT = 300.0
"""Seconds that one download may take."""

_NETCDF = "990f46d49525d6ab5dc4249f8684c6deeaf54de6fec63a187e9fb382cc0ffdff"
"""SHA-256 of netCDF-C 4.9.3, of which Debian has the very archive that the recipe names."""


def unpacked(*packages: str, release: str = "") -> Path:
    """Return a root folder that holds the files of exactly these packages; nothing else is looked at.

    The first caller on this machine downloads and unpacks, the others find it done.
    Kept below ``$PYBUILD_TEST_DEBS``, else in a folder of this user below the system's temporary one.
    Dependencies are not followed. Skips the test where ``apt-get`` is missing or cannot download.

    Args:
        release: another release of Debian than the machine's, for what it no longer has.
    """
    names = sorted(set(packages))
    home = _home()
    name = "+".join([*names, *([release] if release else [])])
    if len(name) > 100:
        name = f"{name[:80]}+{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    root, stamp = home / name, home / f"{name}.done"
    if stamp.exists():
        return root
    for program in ("apt-get", "dpkg"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} here to unpack {', '.join(names)} with")
    with (home / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            _unpack(names, root, release)
            stamp.touch()
    return root


def source(package: str, sha256: str, release: str = "") -> Path:
    """Return the upstream archive of a Debian source package that has this SHA-256.

    The first caller on this machine downloads, the others find it done; the lists of sources are kept apart
    from the machine's own. Skips the test where ``apt-get`` is missing or cannot download, and fails it where
    no file of the source package has this content.

    Args:
        release: another release of Debian than the machine's, for newer sources.
    """
    home = _home() / f"source-{package}{release and '-'}{release}"
    home.mkdir(exist_ok=True)
    if shutil.which("apt-get") is None:
        pytest.skip(f"no apt-get here to get the source of {package} with")
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (found := _with_content(home, sha256)) is None:
            _get_source(package, home, release)
            found = _with_content(home, sha256)
    if found is None:
        pytest.fail(f"{home}: expected a file with SHA-256 {sha256}, found {sorted(os.listdir(home))}")
    return found


def put_netcdf(cache: Path) -> None:
    """Put netCDF 4.9.3's archive where a cache keeps downloads: its host cannot be reached everywhere."""
    place = cache / "sources" / _NETCDF[:2] / _NETCDF / "v4.9.3.tar.gz"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source("netcdf", _NETCDF, "trixie"), place)


def _with_content(folder: Path, sha256: str) -> Path | None:
    files = (path for path in sorted(folder.glob("*.orig*")) if path.is_file())
    return next((path for path in files if hashlib.sha256(path.read_bytes()).hexdigest() == sha256), None)


def _get_source(package: str, home: Path, release: str) -> None:
    """Download a source package from where the machine has its binary packages from."""
    _apt_get_apart(home, "deb-src", release, "source", "--download-only", "--tar-only", "--", package)


def _apt_get_apart(folder: Path, kind: str, release: str, *argv: str) -> None:
    """Run apt-get in a folder with lists of packages there, which the machine's own know nothing of."""
    targets = ("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
               "Created-By: Packages")  # fmt: skip
    known = capture(targets, env=_environment(), cwd=str(folder), timeout=LIMIT).out.split("\n")
    lines = [line.split() for line in known if line]
    if release:
        lines = [[uri, release, component] for uri, _, component in lines[:1]]
    (folder / "sources.list").write_text("".join(f"{kind} {' '.join(line)}\n" for line in lines))
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    own = ("-o", f"Dir::Etc::sourcelist={folder}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
           "-o", f"Dir::State::lists={folder}/lists", "-o", "APT::Sandbox::User=root")  # fmt: skip
    for words in (("update",), argv):
        command = ("apt-get", "-qq", *own, *words)
        ended = capture(command, env=_environment(), cwd=str(folder), timeout=LIMIT)
        if ended.code:
            pytest.skip(f"{' '.join(command)} ended with {ended.code}: {ended.err.strip()}")


def _home() -> Path:
    named = os.environ.get("PYBUILD_TEST_DEBS")
    home = Path(named) if named else Path(tempfile.gettempdir()) / f"pybuild-test-debs-{os.getuid()}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if home.stat().st_uid != os.getuid():
        pytest.fail(f"{home} belongs to somebody else; name another folder in PYBUILD_TEST_DEBS")
    return home


def _unpack(names: Sequence[str], root: Path, release: str) -> None:
    """Download and unpack; the root appears in one rename, whatever an earlier killed run left is removed."""
    shutil.rmtree(root, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="unpacking-") as folder:
        work = Path(folder)
        if release:
            _apt_get_apart(work, "deb", release, "download", "--", *names)
        else:
            _apt_get("download", "--", *names, cwd=work)
        tree = work / "tree"
        tree.mkdir(mode=0o755)
        for archive in sorted(work.glob("*.deb")):
            _run("dpkg", "-x", str(archive), str(tree), cwd=work)
        tree.rename(root)


def _apt_get(*argv: str, cwd: Path) -> None:
    """Run apt-get; where it knows no packages yet (a fresh container), root updates the lists once."""
    command = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root", *argv)
    ended = capture(command, env=_environment(), cwd=str(cwd), timeout=LIMIT)
    if ended.code and os.getuid() == 0:
        _run("apt-get", "-qq", "update", cwd=cwd)
        ended = capture(command, env=_environment(), cwd=str(cwd), timeout=LIMIT)
    if ended.code:
        pytest.skip(f"{' '.join(command)} ended with {ended.code}: {ended.err.strip()}")


def _run(*argv: str, cwd: Path) -> None:
    ended = capture(argv, env=_environment(), cwd=str(cwd), timeout=LIMIT)
    if ended.code:
        pytest.fail(f"{' '.join(argv)} ended with {ended.code}: {ended.err.strip()}")


def _environment() -> dict[str, str]:
    """Return the caller's environment without what a test may have put there; proxies for apt stay."""
    kept = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return {**kept, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
