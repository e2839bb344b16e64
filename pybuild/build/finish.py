"""What every build gets before it is packed: relative search paths, byte code, its record."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from pybuild import __version__, process
from pybuild.build.contents import demand_no_stage, demand_own_files
from pybuild.build.stage import Stage
from pybuild.build.steps import Workbench
from pybuild.model.plan import PackagePlan, Plan, Run, StageInterpreter
from pybuild.prefix.installed import SHARE
from pybuild.runpath import relocate_runpaths
from pybuild.verify.elf import is_elf
from pybuild.verify.harness import harness_of
from pybuild.verify.package import link_check
from pybuild.verify.tree import Tree


def settle(package: PackagePlan, plan: Plan, stage: Stage, bench: Workbench) -> list[dict[str, object]]:
    """Make the staging folder relocatable, check how it is linked, compile it to byte code.

    Returns the libraries that its checks found, for the record.

    Raises:
        VerificationError: it is not linked as it must be.
        BuildError: a search path cannot be made relative, or it has files that it must not have.
    """
    assert package.build is not None
    if any(isinstance(step, StageInterpreter) for step in package.build.steps):
        return []
    relocate(stage.staging, (str(stage.host), str(stage.staging), plan.prefix))
    layers = [str(folder) for folder in (stage.staging, stage.host, Path(plan.prefix)) if folder.is_dir()]
    files = [os.path.relpath(os.path.join(folder, name), stage.staging)
             for folder, _, names in os.walk(stage.staging) for name in names]  # fmt: skip
    demand_own_files(package.name, files, (stage.host, Path(plan.prefix)))
    if not _is_wheel(package):
        demand_no_stage(stage, files, package.build.stage_paths)
    report = link_check(
        Tree(plan.prefix, tuple(layers)), files, package,
        environment=bench.environment if package.build.modules is not None else None,
        forbidden=(str(stage.root),),
    )  # fmt: skip
    _compile(plan, stage, bench)
    return [asdict(library) for library in report.libraries]


def _is_wheel(package: PackagePlan) -> bool:
    """Return whether nothing was built here."""
    assert package.build is not None
    return not any(isinstance(step, Run) for step in package.build.steps)


def write_share(package: PackagePlan, plan: Plan, stage: Stage, seen: dict[str, object], log: str) -> None:
    """Put the package's record, log, test scripts and what these import of pybuild into the staging folder.

    Args:
        seen: what the build measured and found.
    """
    share = stage.staging / SHARE / package.name
    share.mkdir(parents=True)
    for file in package.files:
        shutil.copyfile(os.path.join(package.directory, file), share / file)
    scripts = [(share / file).read_text(encoding="utf-8", errors="replace") for file in package.files]
    for name, text in harness_of(scripts).items():
        (share / name).write_text(text, encoding="utf-8")
    shutil.copyfile(log, share / "build.log")
    (share / "record.json").write_text(json.dumps(_record(package, plan, seen), indent=1) + "\n")


def relocate(staging: Path, old: tuple[str, ...]) -> None:
    """Make every RUNPATH entry that points below ``old`` relative to the file that has it."""
    files = [Path(folder, name) for folder, _, names in os.walk(staging) for name in names]
    binaries = [path for path in files if not path.is_symlink() and is_elf(str(path))]
    relocate_runpaths(binaries, root=staging, old=old)


def _compile(plan: Plan, stage: Stage, bench: Workbench) -> None:
    """Byte-compile: compute nodes often mount a prefix read-only.

    A file that does not compile (a template, code for another Python) is none of our business.
    """
    packages = stage.staging / "lib"
    python = _any_python(plan, bench)
    if packages.is_dir() and python is not None:
        argv = (python, "-E", "-s", "-m", "compileall", "-q", "-d", "lib", str(packages))
        process.capture(argv, env={"PATH": "/usr/bin:/bin"}, timeout=600)


def _any_python(plan: Plan, bench: Workbench) -> str | None:
    """Return an interpreter of the target's version: the build's own, or the origin of a new prefix."""
    origins = [
        step.interpreter
        for package in plan.packages
        if package.build is not None
        for step in package.build.steps
        if isinstance(step, StageInterpreter)
    ]
    return next((p for p in (bench.tokens["python"], *origins) if os.access(p, os.X_OK)), None)


def _record(package: PackagePlan, plan: Plan, seen: dict[str, object]) -> dict[str, object]:
    """Return what stays known about a build: enough to explain it, verify it and build it again."""
    return {
        "pybuild": __version__,
        "site": plan.site,
        "site_text": plan.site_text,
        "python": plan.python,
        "package": asdict(package),
        **seen,
    }
