"""Carry out the steps of a build, one handler for each kind."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pybuild import process
from pybuild.build.budget import Budget, Command, budgeted
from pybuild.build.stage import Stage
from pybuild.build.wheels import install_wheel
from pybuild.errors import BuildError
from pybuild.model.plan import (
    ApplyPatch,
    Download,
    Overlay,
    Run,
    StageInterpreter,
    StageTree,
    StageWheel,
    Step,
    Unpack,
)


class StepFailedError(BuildError):
    """A command of a build ended with an error.

    Args:
        step: the step's name.
        argv, cwd: the command, and where it ran.
    """

    def __init__(self, message: str, *, step: str, argv: tuple[str, ...], cwd: str) -> None:
        super().__init__(message)
        self.step = step
        self.argv = argv
        self.cwd = cwd


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What the handlers work with.

    Attributes:
        tokens: values of the late tokens.
        environment: the build's whole environment.
        files: path of each fetched file by its sha256.
        log: the build's log, open for writing.
        on_line: told each line that a command prints.
        budget: processes that its commands may start.
    """

    stage: Stage
    python: str
    tokens: Mapping[str, str]
    environment: Mapping[str, str]
    files: Mapping[str, Path]
    log: IO[bytes]
    on_line: Callable[[str], None]
    budget: Budget


def run_step(step: Step, bench: Workbench) -> None:
    """Carry out one step.

    Raises:
        BuildError: a command ended with an error, or left no wheel.
        ArchiveError: a source is damaged or hostile.
        PrefixError: an interpreter cannot be staged.
    """
    _HANDLERS[type(step)](step, bench)


def _unpack(step: Unpack, bench: Workbench) -> None:
    from pybuild.fetch.unpack import unpack

    bench.log.write(f"# unpack {step.download.file}\n".encode())
    unpack(_file(step.download, bench), bench.stage.source / step.folder)


def _patch(step: ApplyPatch, bench: Workbench) -> None:
    from pybuild.fetch.unpack import apply_patches

    bench.log.write(f"# patch {step.file}\n".encode())
    file = bench.stage.root / "patches" / step.file
    file.parent.mkdir(exist_ok=True)
    file.write_text(step.text, newline="")
    environment = {"PATH": bench.environment.get("PATH", os.defpath), "LC_ALL": "C"}
    apply_patches(bench.stage.source, [file], env=environment)


def _overlay(step: Overlay, bench: Workbench) -> None:
    overlay = bench.stage.overlay
    for download in step.downloads:
        bench.log.write(f"# build requirement {download.file}\n".encode())
        install_wheel(_file(download, bench), overlay, packages=overlay, python=bench.tokens["python"])


def _run(step: Run, bench: Workbench) -> None:
    cwd = str(bench.stage.source / step.folder)
    if not os.path.isdir(cwd):
        raise BuildError(f"the step {step.name!r} runs in {step.folder!r}, which the source does not have")
    with budgeted(step, bench.tokens, bench.environment, bench.budget) as command:
        for name, value in sorted(command.environment.items()):
            bench.log.write(f"# {name}={value}\n".encode())
        bench.log.write(f"$ cd {cwd}\n$ {shlex.join(command.argv)}\n".encode())
        code = process.run_logged(
            command.argv, env=command.environment, cwd=cwd, log=bench.log, on_line=bench.on_line,
            pass_fds=command.files,
        )  # fmt: skip
    if code != 0:
        raise _failed(step, command, cwd, code)


def _failed(step: Run, command: Command, cwd: str, code: int) -> StepFailedError:
    argv = command.argv
    if code == 127 and shutil.which(argv[0], path=command.environment.get("PATH", os.defpath)) is None:
        missing = (
            f"the step {step.name!r} needs the program {argv[0]!r}, which is not on the build's PATH; "
            "install it on this machine or name a module of the site that brings it"
        )
        return StepFailedError(missing, step=step.name, argv=argv, cwd=cwd)
    words = [os.path.basename(argv[0]), *argv[1:4], *(["..."] if len(argv) > 4 else [])]
    failed = f"the step {step.name!r} failed with exit code {code}: {' '.join(words)}"
    return StepFailedError(failed, step=step.name, argv=argv, cwd=cwd)


def _stage_wheel(step: StageWheel, bench: Workbench) -> None:
    if step.download is not None:
        wheels = [_file(step.download, bench)]
    else:
        wheels = sorted(bench.stage.dist.glob("*.whl"))
    if len(wheels) != 1:
        found = ", ".join(wheel.name for wheel in wheels) or "none"
        raise BuildError(f"the build must leave one wheel, it left {found}")
    bench.log.write(f"# stage {wheels[0].name}\n".encode())
    short = ".".join(bench.python.split(".")[:2])
    packages = bench.stage.staging / "lib" / f"python{short}" / "site-packages"
    install_wheel(wheels[0], bench.stage.staging, packages=packages, python=f"{bench.stage.host}/bin/python")


def _stage_tree(step: StageTree, bench: Workbench) -> None:
    from pybuild.build.tree import gather

    gather(bench.stage.dist, bench.stage.host, bench.stage.staging)


def _stage_interpreter(step: StageInterpreter, bench: Workbench) -> None:
    from pybuild.interpreter.stage import stage_interpreter

    bench.log.write(f"# stage the interpreter {step.interpreter}\n".encode())
    stage_interpreter(step.interpreter, bench.stage.staging, str(bench.stage.host))


def _file(download: Download, bench: Workbench) -> Path:
    return bench.files[download.sha256]


_HANDLERS: dict[type, Callable[..., None]] = {
    Unpack: _unpack,
    ApplyPatch: _patch,
    Overlay: _overlay,
    Run: _run,
    StageWheel: _stage_wheel,
    StageTree: _stage_tree,
    StageInterpreter: _stage_interpreter,
}
