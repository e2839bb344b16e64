"""A stack of toys and the lock that ``pybuild stack lock`` makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pybuild.load.stack_lock import read_lock
from pybuild.model.stack import Lock
from tests.end_to_end.project import BASE, Outcome, Project


@dataclass
class Repository:
    """A folder with a stack file.

    Attributes:
        values: what the stack file says, by key.
    """

    project: Project
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.values = {
            "name": "toys",
            "root": str(self.root),
            "python": BASE,
            "recipes": ["toyext"],
            **self.values,
        }
        self.write()

    @property
    def folder(self) -> Path:
        """Where the stack file lies."""
        return self.project.root / "repository"

    @property
    def root(self) -> Path:
        """Where releases go."""
        return self.project.root / "share"

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.folder / "stack.yaml"

    @property
    def lock_file(self) -> Path:
        """The lock beside it."""
        return self.folder / "stack.lock.json"

    @property
    def lock(self) -> Lock:
        """The lock as read."""
        return read_lock(str(self.lock_file))

    def write(self, **changes: Any) -> None:
        """Write the stack file; None takes a key away."""
        self.values = {key: value for key, value in (self.values | changes).items() if value is not None}
        self.file.write_text(json.dumps(self.values, indent=1))  # JSON is YAML

    def run(self, command: str, *words: object, **how: Any) -> Outcome:
        """Run ``pybuild stack COMMAND FILE``."""
        return self.project.run("stack", command, self.file, *words, **how)

    def locked(self, *words: object, **how: Any) -> Lock:
        """Lock, and return the lock."""
        self.run("lock", *words, **how).done()
        return self.lock

    def wheels(self) -> dict[str, str]:
        """Return the version of each locked wheel."""
        return {wheel.name: wheel.version for wheel in self.lock.index}
