"""One test's own home, cache, channel, recipes and sites, and pybuild run in it as a child process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end import toys
from tests.servers import Listed, Server

ROOT = Path(__file__).parents[2]
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
"""The interpreter that new prefixes are made from."""

ON_A_PREFIX = ("install", "plan", "script", "list", "info", "log", "verify", "uninstall", "upgrade")

State = dict[str, tuple[object, ...]]


@dataclass(frozen=True)
class Outcome:
    """How one command ended."""

    code: int
    out: str
    err: str

    def done(self) -> Outcome:
        """Return itself; the test fails here if the command did."""
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self

    @property
    def data(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)


@dataclass
class Project:
    """A private world for pybuild.

    Attributes:
        root: holds everything.
        server: the package index.
        environ: the user's environment.
    """

    root: Path
    server: Server
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.home, self.recipes, self.sites, self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        self.environ |= {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "PYTHONPATH": str(ROOT),
            "PYBUILD_CONFIG": str(self.config),
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": self.server.simple,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NO_PROXY": "127.0.0.1",
        }
        self.configure("toy")

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return self.root / "home"

    @property
    def recipes(self) -> Path:
        """The recipes that come before pybuild's own."""
        return self.root / "recipes"

    @property
    def sites(self) -> Path:
        """The sites that come before pybuild's own."""
        return self.root / "sites"

    @property
    def channel(self) -> Path:
        """Where built packages go."""
        return self.root / "channel"

    @property
    def cache(self) -> Path:
        """Where sources, stages and logs go."""
        return self.root / "cache"

    @property
    def prefix(self) -> Path:
        """The prefix that commands work on."""
        return self.root / "prefix"

    @property
    def config(self) -> Path:
        """The user's configuration file."""
        return self.root / "config.yaml"

    @property
    def python(self) -> Path:
        """The prefix's interpreter."""
        return self.prefix / "bin/python"

    def configure(self, site: str | None, **more: str) -> None:
        """Write the configuration file."""
        values: dict[str, object] = {
            "channel": str(self.channel),
            "cache": str(self.cache),
            "jobs": "2",
            **more,
        }
        values |= {"site": site} if site else {}
        values |= {"recipes": [str(self.recipes)], "sites": [str(self.sites)]}
        self.config.write_text(json.dumps(values))  # JSON is YAML

    def recipe(self, name: str, text: str, *, ranks: str | None = None) -> Path:
        """Write a recipe and its test script; return the recipe's path."""
        folder = self.recipes / name
        folder.mkdir(exist_ok=True)
        (folder / "recipe.yaml").write_text(text)
        (folder / "ranks.py").write_text(ranks or toys.RANKS.replace("NAME", name))
        return folder / "recipe.yaml"

    def site(self, name: str = "toy", **differences: str) -> None:
        """Write a site."""
        (self.sites / f"{name}.yaml").write_text(toys.site(name, **differences))

    def serve(self, *files: toys.File) -> None:
        """Let the index offer these files as the whole of their project."""
        project = files[0].name.split("-")[0].replace("_", "-")
        self.server.index(project, [Listed(file.name, file.body) for file in files])

    def command(self, *words: object) -> list[str]:
        """Return the argv of a pybuild command on this project's prefix."""
        argv = [str(word) for word in words]
        if argv[0] in ON_A_PREFIX:
            argv += [] if {"-p", "--prefix"} & set(argv) else ["-p", str(self.prefix)]
        if argv[0] in ("install", "plan", "script"):
            made = str(self.prefix) in argv and (self.prefix / "conda-meta").exists()
            argv += [] if "--python" in argv or made else ["--python", BASE]
        return [sys.executable, "-m", "pybuild", *argv]

    def start(
        self, *words: object, environ: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        """Start a command as a terminal does, in a process group of its own.

        Args:
            environ: changes of the environment.
            before: argv of a program that runs pybuild.
        """
        return subprocess.Popen(
            [*before, *self.command(*words)],
            cwd=self.root,
            env=self.environ | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *words: object, environ: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
    ) -> Outcome:
        """Run a command to its end."""
        return finished(self.start(*words, environ=environ, before=before))

    def install(self, *words: object, **how: Any) -> Outcome:
        """Run ``pybuild install -y``."""
        return self.run("install", *words, "-y", **how)

    def imports(self, name: str, prefix: Path | None = None) -> str:
        """Return the version that the prefix's Python imports, in an empty environment; "" if it cannot."""
        python = (prefix or self.prefix) / "bin/python"
        code = f"import {name}; print({name}.version)"
        argv = ["env", "-i", str(python), "-c", code]
        return subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False).stdout.strip()

    def note(self, name: str) -> dict[str, Any]:
        """Return what pybuild noted about an installed package."""
        found: dict[str, Any] = json.loads((self.prefix / f"conda-meta/pybuild/{name}.json").read_text())
        return found

    def built(self, name: str) -> list[Path]:
        """Return the channel's packages of one name."""
        return sorted(self.channel.glob(f"linux-*/{name}-*.conda"))


def finished(child: subprocess.Popen[str]) -> Outcome:
    """Wait for a command and return how it ended."""
    try:
        out, err = child.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        child.kill()
        raise
    return Outcome(child.returncode, out, err)


def snapshot(*folders: Path) -> State:
    """Return type, size, time of change and target of everything below some folders."""
    state: State = {}
    for top in folders:
        paths = [top, *top.rglob("*")] if top.is_dir() and not top.is_symlink() else [top]
        for path in paths:
            if not os.path.lexists(path):
                state[str(path)] = ("missing",)
                continue
            info = path.lstat()
            target = str(path.readlink()) if path.is_symlink() else ""
            state[str(path)] = (info.st_mode, info.st_size, info.st_mtime_ns, target)
    return state


def changed(before: State, after: State) -> list[str]:
    """Return the paths that are different, new or gone."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def clone(source: Path, target: Path) -> None:
    """Copy a folder with hard links, so that it takes no room and little time."""
    if source.exists():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    if (
        source.endswith((".json", ".lock", ".flock", "-lock", "/index", "/prefixes"))
        and "/packages/" not in source
    ):
        shutil.copy2(source, target)  # files that are written in place, or whose modes are set
    else:
        os.link(source, target, follow_symlinks=False)
