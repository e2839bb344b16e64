"""What is made before any clock runs: venvs, conda prefixes, wheels, a site file, an easyconfig.

Everything is made when it is first asked for, so that ``--only`` makes no more than it needs.
In a kept work folder (``--work``) what is there already is used again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from measure import BenchmarkError, run_quietly

CCACHE = Path("/usr/lib/ccache")
"""Where Debian and its children keep compilers that are really ccache."""

# What the machine says about its package index and its certificates; everything else is the benchmark's own.
_KEPT = ("PIP_", "SSL_CERT", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
         "http_proxy", "https_proxy", "no_proxy")  # fmt: skip


@dataclass
class Lab:
    """The folder of one benchmark and everything in it.

    Attributes:
        root: the folder; everything is below it.
        checkout: the pybuild that is measured; installed from here, never run from here.
        spec: what is installed, ``mpi4py==4.1.2``.
        say: told what is being made.
    """

    root: Path
    checkout: Path
    spec: str
    say: Callable[[str], None]

    @cached_property
    def env(self) -> dict[str, str]:
        """The environment of every command, made from nothing."""
        home = self.root / "home"
        home.mkdir(parents=True, exist_ok=True)
        for name in (".config/pip", ".pip"):  # how pip finds its index may be written there
            real, here = Path.home() / name, home / name
            if real.is_dir() and not here.is_symlink():
                here.parent.mkdir(exist_ok=True)
                here.symlink_to(real)
        kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
        path = "/usr/local/bin:/usr/bin:/bin"
        return {**kept, "HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8"}

    @cached_property
    def cached_env(self) -> dict[str, str]:
        """The environment with the compiler cache in front; the same cache for everybody."""
        settings = {"CCACHE_DIR": str(self.root / "ccache"), "CCACHE_NOHASHDIR": "1", "CCACHE_MAXSIZE": "5G"}
        return {**self.env, **settings, "PATH": f"{CCACHE}:{self.env['PATH']}"}

    @property
    def has_ccache(self) -> bool:
        """Whether there is a compiler cache on this machine."""
        return (CCACHE / "gcc").exists() and shutil.which("ccache") is not None

    @property
    def build_env(self) -> dict[str, str]:
        """The environment in which things are compiled beforehand."""
        return self.cached_env if self.has_ccache else self.env

    @cached_property
    def python(self) -> Path:
        """The Python of the venv with pybuild, installed by pip from the checkout."""
        venv = self._venv("venv")
        self.say(f"installing pybuild from {self.checkout}")
        self._pip(venv, "--force-reinstall", "--no-deps", str(self.checkout))
        self._pip(venv, str(self.checkout))
        return venv / "bin" / "python"

    @property
    def base_python(self) -> Path:
        """The Python that all venvs and prefixes are made from."""
        return Path(os.path.realpath(sys.executable))

    @property
    def pybuild(self) -> str:
        """The console script."""
        return str(self.python.with_name("pybuild"))

    @cached_property
    def uv(self) -> str:
        """The program uv, from the index."""
        venv = self._venv("tools")
        self._pip(venv, "uv")
        return str(venv / "bin" / "uv")

    @cached_property
    def sites(self) -> Path:
        """A folder with the generic site twice: ``cold`` as it is, ``bench`` with the compiler cache."""
        folder = self.root / "sites"
        folder.mkdir(parents=True, exist_ok=True)
        text = (self.checkout / "sitecfg" / "generic.yaml").read_text()
        cache = f"compiler_cache: {{folder: {CCACHE}, env: {{CCACHE_DIR: {self.root / 'ccache'}}}}}\n"
        for name, more in (("cold", ""), ("bench", cache if self.has_ccache else "")):
            named = text.replace("name: generic\n", f"name: {name}\n", 1)
            (folder / f"{name}.yaml").write_text(named + more)
        return folder

    def pybuild_options(self, channel: Path | None = None, site: str = "bench") -> tuple[str, ...]:
        """Return the options that keep pybuild inside this folder."""
        return ("--sites", str(self.sites), "--site", site, "--cache", str(self.root / "cache"),
                "--channel", str(channel or self.channel))  # fmt: skip

    @property
    def channel(self) -> Path:
        """The channel that holds everything, mpi4py included once ``satisfied`` was made."""
        return self.root / "channel"

    @cached_property
    def base_channel(self) -> Path:
        """A channel that holds all but mpi4py."""
        target = self.root / "channel-base"
        _ = self.prefix
        shutil.rmtree(target, ignore_errors=True)
        without_mpi4py = shutil.ignore_patterns("mpi4py-*", "*.lock*")
        shutil.copytree(self.channel, target, copy_function=os.link, ignore=without_mpi4py)
        return target

    @cached_property
    def prefix(self) -> Path:
        """A conda prefix with Python, pip and MPICH, but no mpi4py: where builds are measured."""
        prefix = self.root / "prefix"
        self._install("mpich", prefix)
        if any((prefix / "conda-meta").glob("mpi4py-*.json")):
            self.run("uninstall", [self.pybuild, "uninstall", "mpi4py", "-y", "-p", str(prefix),
                                        *self.pybuild_options()])  # fmt: skip
        return prefix

    @cached_property
    def satisfied(self) -> Path:
        """A conda prefix with mpi4py and MPICH, from the channel; mpi4py is compiled here if it never was."""
        # Compiled for ``prefix``, because the compiler cache remembers the paths of headers.
        if not list(self.channel.glob("*/mpi4py-*.conda")):
            self._install(self.spec, self.prefix)
            self.run("uninstall", [self.pybuild, "uninstall", "mpi4py", "-y", "-p", str(self.prefix),
                                   *self.pybuild_options()])  # fmt: skip
        self._install(self.spec, self.root / "satisfied")
        return self.root / "satisfied"

    @cached_property
    def plan(self) -> dict[str, object]:
        """The plan of building mpi4py into ``prefix``, as data."""
        argv = [self.pybuild, "plan", self.spec, "--json", "--rebuild", "-p", str(self.prefix),
                *self.pybuild_options()]  # fmt: skip
        told = subprocess.run(argv, env=self.build_env, capture_output=True, text=True, check=False)
        if told.returncode != 0:
            raise BenchmarkError(f"{' '.join(argv)}\n{told.stderr}")
        return dict(json.loads(told.stdout))

    @cached_property
    def source(self) -> Path:
        """The source archive that pybuild fetched: everybody builds the same one."""
        return self._fetched(".tar.gz")[0]

    @cached_property
    def overlay(self) -> Path:
        """Setuptools and Cython in a folder, from the very wheels that pybuild uses."""
        target = self.root / "overlay"
        if not target.is_dir():
            wheels = [str(path) for path in self._fetched(".whl")]
            argv = [str(self.prefix / "bin" / "python"), "-m", "pip", "install", "--no-index", "--no-deps",
                    "--target", str(target), *wheels]  # fmt: skip
            self.run("overlay", argv)
        return target

    @cached_property
    def wheels(self) -> Path:
        """A folder with a built wheel of mpi4py and the wheel of MPICH that the prefix has."""
        folder = self.root / "wheels"
        if not list(folder.glob("mpi4py-*.whl")):
            _ = self.satisfied
            argv = [str(self.prefix / "bin" / "python"), "-m", "pip", "wheel", "--no-build-isolation",
                    "--no-deps", "--no-index", "-w", str(folder), str(self.source)]  # fmt: skip
            self.run("wheel", argv, self.compile_env(self.build_env))
            for wheel in (self.root / "cache" / "sources").glob("*/*/mpich-*.whl"):
                shutil.copy2(wheel, folder)
        return folder

    def compile_env(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return ``env`` with what a build of mpi4py by hand needs, the same as pybuild sets."""
        compiler = shutil.which("gcc", path=env["PATH"]) or "gcc"
        return {**env, "PYTHONPATH": str(self.overlay), "PYTHONNOUSERSITE": "1", "MPICH_CC": compiler,
                "MPICC": f"{self.prefix}/bin/mpicc -shared"}  # fmt: skip

    def _fetched(self, ending: str) -> list[Path]:
        text = json.dumps(self.plan)
        cache = self.root / "cache" / "sources"
        _ = self.satisfied
        found = [path for path in sorted(cache.glob("*/*/*")) if path.name.endswith(ending)]
        return [path for path in found if f'"{path.name}"' in text]

    def _install(self, spec: str, prefix: Path) -> None:
        self.say(f"installing {spec} into {prefix}")
        argv = [self.pybuild, "install", spec, "-y", "-p", str(prefix), "--python", str(self.base_python),
                *self.pybuild_options()]  # fmt: skip
        self.run(f"install-{prefix.name}", argv, self.build_env)

    def _venv(self, name: str) -> Path:
        venv = self.root / name
        if not (venv / "bin" / "pip").exists():
            self.say(f"making the venv {name}")
            self.run(f"venv-{name}", [str(self.base_python), "-m", "venv", str(venv)])
        return venv

    def _pip(self, venv: Path, *words: str) -> None:
        argv = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", *words]
        self.run(f"pip-{venv.name}", argv)

    def pip(self, name: str, *words: str) -> Path:
        """Install ``words`` into the venv ``name`` and return the venv."""
        venv = self._venv(name)
        self._pip(venv, *words)
        return venv

    def run(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Run a command of the preparation; its output goes to a log."""
        run_quietly(argv, env or self.env, self.root / "logs" / f"prepare-{name}.log", self.root)
