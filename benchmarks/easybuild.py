"""EasyBuild as a peer: from the index, with an easyconfig that builds mpi4py just as the others do."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lab import Lab
from measure import BenchmarkError

_EASYCONFIG = """\
easyblock = 'PythonPackage'
name = 'mpi4py'
version = '{version}'
homepage = 'https://mpi4py.readthedocs.io'
description = 'MPI for Python'
toolchain = SYSTEM
sources = [SOURCE_TAR_GZ]
checksums = ['{sha256}']
preinstallopts = 'PYTHONPATH={overlay} MPICC="{mpicc}" MPICH_CC={compiler} '
sanity_check_paths = {{'files': [], 'dirs': ['lib/python{short}/site-packages/mpi4py']}}
moduleclass = 'mpi'
"""


class EasyBuild:
    """The program ``eb`` with a module tool, without which it does nothing."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.root = lab.root / "easybuild"
        self.modulecmd = self._module_tool()
        venv = lab.pip("easybuild-venv", "easybuild-framework", "easybuild-easyblocks")
        self.eb = str(venv / "bin" / "eb")
        self.python = str(venv / "bin" / "python")

    def argv(self, *words: str) -> tuple[str, ...]:
        """Return the command line of ``eb`` with its easyconfig and ``words``."""
        options = ["--prefix", self.root, "--sourcepath", self.lab.source.parent, "--module-syntax", "Tcl",
                   "--modules-tool", "EnvironmentModules", "--allow-modules-tool-mismatch",
                   # Its wrapper for RPATH has another path in every run, so a compiler cache never hits.
                   "--disable-rpath"]  # fmt: skip
        if os.geteuid() == 0:
            options.append("--allow-use-as-root-and-accept-consequences")
        return (self.eb, str(self._easyconfig()), *map(str, options), *words)

    def env(self, env: dict[str, str]) -> dict[str, str]:
        """Return ``env`` with the prefix's Python first, which EasyBuild then builds for."""
        path = f"{self.lab.prefix}/bin:{env['PATH']}"
        return {**env, "PATH": path, "EB_PYTHON": self.python, "MODULES_CMD": self.modulecmd}

    def install(self) -> None:
        """Build and install mpi4py once, whatever was there.

        Raises:
            BenchmarkError: EasyBuild cannot do it here.
        """
        self.forget()
        self.lab.run("easybuild", self.argv(), self.env(self.lab.build_env))

    def forget(self) -> None:
        """Remove what EasyBuild has installed."""
        for name in ("software", "modules", "build", "ebfiles_repo"):
            shutil.rmtree(self.root / name, ignore_errors=True)

    def _easyconfig(self) -> Path:
        lab = self.lab
        version = lab.spec.partition("==")[2]
        path = self.root / f"mpi4py-{version}.eb"
        self.root.mkdir(exist_ok=True)
        short = subprocess.run(
            [lab.prefix / "bin" / "python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        text = _EASYCONFIG.format(
            version=version,
            sha256=hashlib.sha256(lab.source.read_bytes()).hexdigest(),
            overlay=lab.overlay,
            mpicc=lab.compile_env(lab.build_env)["MPICC"],
            compiler=lab.compile_env(lab.build_env)["MPICH_CC"],
            short=short,
        )
        path.write_text(text)
        return path

    def _module_tool(self) -> str:
        """Return the path of Environment Modules; without root it is unpacked from Debian's package."""
        said = os.environ.get("MODULES_CMD", "")
        if os.access(said, os.X_OK):
            return said
        folder = self.lab.root / "modules"
        if not list(folder.glob("usr/lib/*/modulecmd.tcl")):
            folder.mkdir(parents=True, exist_ok=True)
            self._unpack(folder)
        found = next(folder.glob("usr/lib/*/modulecmd.tcl"), None)
        if found is None or shutil.which("tclsh8.6") is None:
            raise BenchmarkError("EasyBuild needs a module tool, and there is none")
        return str(found)

    def _unpack(self, folder: Path) -> None:
        if not shutil.which("apt-get"):
            raise BenchmarkError("EasyBuild needs a module tool, and there is none")
        done = subprocess.run(
            ["apt-get", "download", "environment-modules"], cwd=folder, capture_output=True, check=False
        )
        for package in folder.glob("*.deb") if done.returncode == 0 else ():
            subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
