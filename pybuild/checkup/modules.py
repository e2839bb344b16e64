"""Modules that are loaded in the shell, held against the site's rules and what packages run with."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping

from pybuild.checkup.state import Shell
from pybuild.model.finding import Finding
from pybuild.model.modules import ModuleStep, is_named, matches
from pybuild.plan.running import Running

_CRAY = ("PrgEnv-*", "craype", "craype-*", "cray-*")
_FALLBACK = "generic"


def unknown_cray(shell: Shell) -> Iterator[Finding]:
    """Yield that no site knows this machine though a Cray's modules are loaded."""
    cray = [name for name in shell.loaded if any(matches(name, pattern) for pattern in _CRAY)]
    if shell.site.name == _FALLBACK and not shell.named and cray:
        shown = ", ".join(cray[:3]) + (" and more" if len(cray) > 3 else "")
        yield Finding(
            check="unknown-cray", level="wrong",
            what=f"no site knows this machine, though modules of a Cray are loaded: {shown}",
            why=f"site {_FALLBACK} takes the compiler and the MPI of the PATH, not those of modules",
            cure="pybuild site detect, and pybuild site probe to draft a file for the machine",
        )  # fmt: skip


def forbidden_modules(shell: Shell, running: Running | None) -> Iterator[Finding]:
    """Yield each loaded module that may not be loaded where the packages run, or where the site builds."""
    told = set()
    for pattern, who in _kept_out(running) if running is not None else ():
        for name in shell.loaded:
            if matches(name, pattern) and name not in told:
                told.add(name)
                yield Finding(
                    check="forbidden-modules", level="wrong",
                    what=f"{name} is loaded, and the packages of {_path(running)} must not run with it",
                    why=who, cure=_activate(shell, running) or f"module unload {name}",
                )  # fmt: skip
    for rule in shell.site.rules:
        gone = (one.module for one in rule.modules if one.kind == "unload")
        for name in shell.loaded:
            if name not in told and any(matches(name, pattern) for pattern in (*rule.forbid, *gone)):
                told.add(name)
                yield Finding(
                    check="forbidden-modules", level="note",
                    what=f"{name} is loaded, which rule {rule.name} of site {shell.site.name} keeps out of "
                    f"{' and '.join(f'{time}s' for time in rule.at)}; pybuild does so by itself",
                    why=rule.reason, cure=f"module unload {name}",
                )  # fmt: skip


def other_modules(shell: Shell, running: Running) -> Iterator[Finding]:
    """Yield each programming environment that is not the packages' own, and what else is not loaded."""
    missing = []
    for step in running.steps:
        module = step.operation.module
        if step.operation.kind not in ("load", "swap", "choose") or _is_loaded(module, shell.loaded):
            continue
        others = [name for name in shell.loaded if any(matches(name, member) for member in step.members)]
        if others:
            yield Finding(
                check="other-modules", level="wrong",
                what=f"{others[0]} is loaded, and the packages of {running.prefix} were built with {module}",
                why=_said(step), cure=_activate(shell, running) or f"module swap {others[0]} {module}",
            )  # fmt: skip
        else:
            missing.append(module)
    if missing:
        active = is_active(running.prefix, shell.environ)
        yield Finding(
            check="other-modules", level="wrong" if active else "note",
            what=f"not loaded: {', '.join(dict.fromkeys(missing))}, with which the packages of "
            f"{running.prefix} run",
            why="a library of theirs, or a variable that it goes by, may be missing or another one",
            cure=_activate(shell, running) or f"module load {' '.join(dict.fromkeys(missing))}",
        )  # fmt: skip


def is_active(prefix: str, environ: Mapping[str, str]) -> bool:
    """Return whether a prefix is activated in the shell."""
    return environ.get("CONDA_PREFIX", "").rstrip("/") == prefix.rstrip("/")


def activation(prefix: str, environ: Mapping[str, str]) -> str:
    """Return what activates a prefix in the user's shell."""
    shell = os.path.basename(environ.get("SHELL", ""))
    word, name = {"csh": ("source", "csh"), "tcsh": ("source", "csh"), "fish": ("source", "fish")}.get(
        shell, (".", "sh")
    )
    return f"{word} {shlex.quote(f'{prefix}/etc/pybuild/activate.{name}')}"


def _activate(shell: Shell, running: Running | None) -> str:
    """Return what activates the prefix, ``""`` where it is active already."""
    if running is None or is_active(running.prefix, shell.environ):
        return ""
    return activation(running.prefix, shell.environ)


def _kept_out(running: Running) -> Iterator[tuple[str, str]]:
    for step in running.steps:
        if step.operation.kind == "unload":
            yield step.operation.module, _said(step)
    for pattern, who in running.forbidden:
        yield pattern, " ".join(who.split())


def _path(running: Running | None) -> str:
    return running.prefix if running is not None else ""


def _said(step: ModuleStep) -> str:
    return " ".join(f"{step.by}: {step.why}".split())


def _is_loaded(module: str, loaded: Iterable[str]) -> bool:
    return any(is_named(name, module) for name in loaded)
