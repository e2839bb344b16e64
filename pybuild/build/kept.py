"""Stages of failed builds that stay, with a note for programs of what failed in them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pybuild.build import leftovers
from pybuild.build.log import write_reopen_script
from pybuild.build.stage import Stage
from pybuild.build.steps import StepFailedError
from pybuild.errors import PybuildError
from pybuild.model.plan import PackagePlan

NOTE = "stage.json"
"""File of a stage that marks it as kept, and says why."""

NEWEST = 3
"""So many stages of one package are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStage:
    """What is noted about the stage of a failed build.

    Attributes:
        step: name of the step that failed, ``""`` where no command did.
        argv: the command that failed, empty where none did.
        cwd: where it ran; else the source, or the stage where nothing was unpacked.
        message: the error's sentence.
        log: path of the build's log.
        when: UTC time in ISO form.
        seconds: the same as seconds since the epoch.
        prefix: the prefix that the build was for.
        root: the stage; it is not in the file, because the file lies in it.
    """

    package: str
    version: str
    step: str
    argv: tuple[str, ...]
    cwd: str
    message: str
    log: str
    when: str
    seconds: float
    prefix: str
    root: Path = field(default=Path())

    @property
    def script(self) -> Path:
        """The script that opens a shell there."""
        return self.root / "reopen.sh"


def keep(
    stage: Stage,
    environment: Mapping[str, str],
    package: PackagePlan,
    prefix: str,
    error: PybuildError,
    log: Path,
) -> Path:
    """Keep the stage of a failed build, remove those that nobody needs now, and return its reopening script.

    Args:
        environment: of the failing step.
        prefix: the prefix that the build was for.

    Raises:
        OSError: the note or the script cannot be written.
    """
    now = time.time()
    step, cwd = "", str(stage.source if stage.source.is_dir() else stage.root)
    argv: tuple[str, ...] = ()
    if isinstance(error, StepFailedError):
        step, argv, cwd = error.step, error.argv, error.cwd
    kept = KeptStage(
        package=package.name,
        version=package.version,
        step=step,
        argv=argv,
        cwd=cwd,
        message=error.message,
        log=str(log),
        when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        seconds=now,
        prefix=prefix,
    )
    script = write_reopen_script(stage, environment, cwd)
    rows = {name: value for name, value in asdict(kept).items() if name != "root"}
    (stage.root / NOTE).write_text(json.dumps(rows, indent=1))
    parent = stage.root.parent
    for old in find_kept(parent, package.name)[NEWEST:]:
        leftovers.remove(old.root)
    leftovers.sweep(parent, kept=NOTE)
    return script


def find_kept(parent: Path, name: str, prefix: str | None = None) -> tuple[KeptStage, ...]:
    """Return the kept stages of a package, newest first; notes that cannot be read are passed over.

    Args:
        parent: the folder of all stages.
        prefix: only builds for this prefix.
    """
    found = (_read(path) for path in parent.glob(f"{name}-*/{NOTE}"))
    fitting = [
        kept
        for kept in found
        if kept is not None
        and kept.package == name
        and prefix in (None, kept.prefix)
        and kept.script.exists()
    ]
    return tuple(sorted(fitting, key=lambda kept: kept.seconds, reverse=True))


def _read(path: Path) -> KeptStage | None:
    try:
        data = json.loads(path.read_text())
        return KeptStage(**{**data, "argv": tuple(data["argv"])}, root=path.parent)
    except (OSError, ValueError, TypeError, KeyError):
        return None
