"""What a release must prove before it is put in service: its packages' checks, the collaboration's tests."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import VerificationError
from pybuild.here import here_for
from pybuild.load.sites import choose_site
from pybuild.plan.environment import applied
from pybuild.plan.templates import late
from pybuild.prefix.evidence import installed
from pybuild.prefix.notes import is_installed, read_notes
from pybuild.process import capture
from pybuild.verification import checks_environment, verify
from pybuild.verify.levels import highest

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan
    from pybuild.model.stack import Stack, StackTest
    from pybuild.settings import Settings

TIMEOUT = 3600.0
"""Seconds that a test of a collaboration may take."""


def prove(
    prefix: Path,
    stack: Stack,
    settings: Settings,
    *,
    on_compute: bool = False,
    job_options: tuple[str, ...] = (),
) -> tuple[tuple[str, str], ...]:
    """Verify every package that pybuild installed to the level that the stack demands, then run its tests.

    Returns (name, level reached) of each package.

    Args:
        on_compute: ask for nodes where ranks cannot be started from here.
        job_options: more words for the command that asks for them.

    Raises:
        VerificationError: a check or a test failed, or ranks cannot be started from here.
    """
    names = _ours(prefix)
    levels = dict(_verified(prefix, names, stack, settings, job_options if on_compute else None))
    for test in stack.tests:
        settings.report.phase(test.name, f"test of {stack.name}")
        _run(prefix, test, stack, settings)
    return tuple(sorted(levels.items()))


def _ours(prefix: Path) -> tuple[str, ...]:
    return tuple(str(note["name"]) for note in read_notes(prefix) if is_installed(prefix, note))


def _verified(
    prefix: Path, names: tuple[str, ...], stack: Stack, settings: Settings, asking: tuple[str, ...] | None
) -> tuple[tuple[str, str], ...]:
    from pybuild.commit import locked

    wanted = stack.verify
    ranked = tuple(name for name in names if highest(installed(prefix, name)[1]) == "ranked")
    if wanted != "ranked" or not ranked:
        with locked(prefix, settings):
            return verify(prefix, names, wanted, settings)
    here = here_for(installed(prefix, ranked[0])[0], settings)
    if here.starts_ranks:
        with locked(prefix, settings):
            return verify(prefix, names, wanted, settings)
    if asking is None:
        raise VerificationError(
            f"{platform.node()} is a login node, where no ranks are started, and the stack demands ranked",
            hint=f"pybuild stack deploy {stack.file} --on compute waits for nodes and starts the ranks there",
        )
    from pybuild.elsewhere import ask_for_nodes

    with locked(prefix, settings):
        levels = dict(verify(prefix, names, "imported", settings))
    return tuple((levels | dict(ask_for_nodes(prefix, ranked, asking, settings))).items())


def _run(prefix: Path, test: StackTest, stack: Stack, settings: Settings) -> None:
    packages = [installed(prefix, name)[1] for name in _ours(prefix)]
    environment = _environment(prefix, packages, settings)
    environment |= {name: late(value, {"prefix": str(prefix)}) for name, value in stack.environment}
    environment |= {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = tuple(_argv(prefix, test, packages, environment))
    answer = capture(argv, env=environment, cwd=os.path.dirname(stack.file) or "/", timeout=TIMEOUT)
    if answer.code != 0:
        lines = (answer.err or answer.out).strip().splitlines()[-8:]
        told = "".join(f"\n  {line}" for line in lines)
        raise VerificationError(
            f"{stack.file}: the test {test.name!r} failed ({' '.join(argv)} ended with {answer.code}){told}",
            hint="the old release stays in service; correct the test or the stack, lock, and deploy again",
        )


def _environment(prefix: Path, packages: list[PackagePlan], settings: Settings) -> dict[str, str]:
    """Return the environment of the whole release: modules of the package with most of them, all settings."""
    if not packages:
        site = choose_site(settings.site, settings.places, settings.environ)
        return checks_environment(prefix, settings, None, site)
    first = max(packages, key=lambda p: len(p.run_modules.steps) if p.run_modules else -1)
    environment = checks_environment(prefix, settings, first)
    for package in packages:
        tokens = {"prefix": str(prefix), **{f"env.{name}": value for name, value in environment.items()}}
        changed = applied(package.run_environment, environment) if package is not first else environment
        environment = {name: late(value, tokens) for name, value in changed.items()}
    return environment


def _argv(
    prefix: Path, test: StackTest, packages: list[PackagePlan], environment: dict[str, str]
) -> list[str]:
    inside = prefix / "bin" / test.command[0]
    program = str(inside) if inside.exists() else test.command[0]
    argv = [program, *test.command[1:]]
    if not test.ranks:
        return argv
    launchers = [check.launcher for package in packages for check in package.checks if check.launcher]
    if not launchers:
        raise VerificationError(
            f"the test {test.name!r} asks for {test.ranks} ranks, and no package of the stack can start any",
            hint="add a package that uses MPI to the stack, or leave ranks out",
        )
    loaded = {f"env.{name}": value for name, value in environment.items()}
    tokens = {**loaded, "prefix": str(prefix), "python": f"{prefix}/bin/python", "ranks": str(test.ranks)}
    return [*(late(word, tokens) for word in launchers[0]), *argv]
