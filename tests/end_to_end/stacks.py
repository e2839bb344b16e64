"""A stack of toys: its file, its root, and the commands that deploy it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.end_to_end.project import BASE, Outcome, Project, finished


@dataclass
class Toys:
    """One stack.

    Attributes:
        project: whose channel, cache, recipes and site are used.
        folder: where the stack file lies.
        root: of the stack.
        share: the policy.
        before: argv of a program that runs pybuild, as another user.
        umask: of the user.
    """

    project: Project
    folder: Path
    root: Path
    share: dict[str, object] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    umask: int = 0o022

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.folder / "stack.yaml"

    @property
    def current(self) -> Path:
        """The link to the release in service."""
        return self.root / "current"

    @property
    def python(self) -> Path:
        """The Python that users run."""
        return self.current / "bin/python"

    def declare(self, *recipes: str, **more: object) -> None:
        """Write the stack file and lock it."""
        data: dict[str, object] = {"name": "toys", "root": str(self.root), "python": BASE, "recipes": recipes}
        data |= {"share": self.share} if self.share else {}
        self.file.write_text(json.dumps({**data, **more}))  # JSON is YAML
        self.lock()

    def lock(self) -> None:
        """Lock what the file declares."""
        self.run("lock").done()

    def start(
        self, *words: object, umask: int | None = None, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start ``pybuild stack``."""
        name, *rest = map(str, words)
        argv = [*self.before, sys.executable, "-m", "pybuild", "stack", name, str(self.file), *rest]
        argv += ["-y"] if name in ("deploy", "prune") else []
        return subprocess.Popen(
            argv, cwd="/", env=self.project.environ | dict(environ or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            umask=self.umask if umask is None else umask,
        )  # fmt: skip

    def run(self, *words: object, **how: Any) -> Outcome:
        """Run ``pybuild stack`` to its end."""
        return finished(self.start(*words, **how))

    def deploy(self, *words: object, **how: Any) -> Outcome:
        """Deploy the lock."""
        return self.run("deploy", *words, **how)

    def status(self) -> dict[str, Any]:
        """Return how the stack stands."""
        found: dict[str, Any] = self.run("status", "--json").done().data
        return found

    def imports(self, name: str) -> str:
        """Return the version of a package that users import."""
        return self.project.imports(name, self.current)

    def releases(self) -> list[str]:
        """Return the names of everything below ``releases``."""
        return sorted(os.listdir(self.root / "releases"))
