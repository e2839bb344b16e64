"""Find a site's providers on this machine: programs on the PATH or in the prefix, and what they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pybuild.model.machine import FoundProvider
from pybuild.model.providers import Fact, Provider
from pybuild.model.site import Site

if TYPE_CHECKING:
    from pybuild.process import Captured

_MPI_QUESTIONS = (("-show",), ("--version",))
"""MPICH's and Open MPI's wrappers print the command that they would run for ``-show``
(mpicc(1) of both), everything else a version for ``--version``."""


_PLAIN = {"PATH": os.defpath, "LC_ALL": "C"}


def find_providers(
    site: Site, virtuals: Iterable[str], *, prefix: str, environ: Mapping[str, str]
) -> tuple[FoundProvider, ...]:
    """Return which of the site's path and prefix providers are really there.

    Args:
        virtuals: only these are looked for.
        prefix: the target prefix, whether it exists or not.
        environ: the user's environment; only its PATH is used, for providers of the user's shell.
    """
    wanted = set(virtuals)
    work = [(v.name, p) for v in site.virtuals if v.name in wanted for p in v.providers if _has_programs(p)]
    if not work:  # modules bring them all
        return ()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda row: _find(row[0], row[1], prefix, environ, site.path), work)
        return tuple(provider for provider in found if provider is not None)


def _find(
    virtual: str, provider: Provider, prefix: str, environ: Mapping[str, str], site_path: tuple[str, ...]
) -> FoundProvider | None:
    inside = os.path.join(prefix, "bin")
    paths = {"prefix": inside, "shell": environ.get("PATH", os.defpath), "path": os.pathsep.join(site_path)}
    path = inside if provider.where == "prefix" else _outside(paths[provider.where], inside)
    programs = {field: _which(names, path) for field, names in provider.programs}
    first = programs[provider.programs[0][0]]
    if first is None:
        return None
    facts = {fact.field: _told(fact, programs.get(fact.program)) for fact in provider.facts}
    if not all(facts.values()):
        return None
    known = {**{field: program for field, program in programs.items() if program}, **facts}
    fields = [(field, _in_prefix(value, prefix)) for field, value in known.items()]
    return FoundProvider(
        virtual=virtual,
        provider=provider.name,
        fields=(*fields, *provider.fields),
        identity=" ".join((_identity(virtual, first, programs.get("mpiexec"), prefix), *_seen(facts))),
    )


def _has_programs(provider: Provider) -> bool:
    return provider.where in ("path", "shell", "prefix") and bool(provider.programs)


def _told(fact: Fact, program: str | None) -> str:
    """Return what a program says about a field, ``""`` where it says nothing."""
    if program is None:
        return ""
    answer = _capture((program, *fact.args))
    match = re.search(fact.find, answer.out, re.MULTILINE) if answer.code == 0 else None
    return match.group(1) if match else ""


def _seen(facts: Mapping[str, str]) -> Iterable[str]:
    """Yield what the facts are, files by where they really lie: their names carry the version."""
    return (f"{field}={os.path.realpath(value)}" for field, value in facts.items())


def _which(names: Iterable[str], path: str) -> str | None:
    import shutil

    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def _outside(path: str, inside: str) -> str:
    """An activated target prefix must not pass for the machine's own programs."""
    real = os.path.realpath(inside)
    return os.pathsep.join(part for part in path.split(os.pathsep) if os.path.realpath(part) != real)


def _in_prefix(program: str, prefix: str) -> str:
    """Name a program of the prefix by the late token, so that equal builds have equal keys."""
    inside = prefix.rstrip("/") + "/"
    return "${{ prefix }}/" + program[len(inside) :] if program.startswith(inside) else program


def _identity(virtual: str, program: str, mpiexec: str | None, prefix: str) -> str:
    """Return one line that changes when the thing behind the program changes."""
    if virtual == "compiler":
        return _ask(program, ("--version",))
    shown = next((line for words in _MPI_QUESTIONS if (line := _ask(program, words))), "")
    version = _version(mpiexec) if mpiexec else ""
    return _in_prefix(f"{os.path.realpath(program)}: {shown}; {version}", prefix)


def _version(mpiexec: str) -> str:
    """Return the line of ``mpiexec --version`` that has the version: Hydra puts it on the second."""
    answer = _capture((mpiexec, "--version"), env={"PATH": os.defpath})
    lines = [line.strip() for line in answer.out.splitlines() if any(c.isdigit() for c in line)]
    return " ".join(lines[0].split()) if answer.code == 0 and lines else ""


def _capture(argv: tuple[str, ...], env: Mapping[str, str] = _PLAIN) -> Captured:
    from pybuild.process import capture

    return capture(argv, env=env, timeout=20)


def _ask(program: str, words: tuple[str, ...]) -> str:
    answer = _capture((program, *words))
    lines = answer.out.strip().splitlines()
    return lines[0] if answer.code == 0 and lines else ""
