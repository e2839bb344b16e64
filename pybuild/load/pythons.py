"""The Pythons that a site's modules bring, and those that a site refuses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from pybuild.errors import ModuleToolError
from pybuild.interpreter.find import find_interpreters
from pybuild.model.machine import Interpreter
from pybuild.model.modules import ModulePlan, ModuleStep, Operation
from pybuild.model.pythons import PythonModule
from pybuild.model.site import Site

_WHERE = "import sys; print(sys.executable)"


def site_interpreters(
    wanted: str | None, site: Site, environ: Mapping[str, str], cache: str | None = None
) -> tuple[Interpreter, ...]:
    """Return the Pythons that a new prefix may be made from, best first.

    Those of the site's modules come first, in the site's order, each with what its users should know;
    then what is found on the machine. Refused ones are among them, with the site's reason.

    Args:
        wanted, cache: as for :func:`pybuild.interpreter.find.find_interpreters`.
    """
    if wanted is not None and os.sep in wanted:
        return _judged(find_interpreters(wanted, environ=environ, cache=cache), site)
    brought = _from_modules(wanted, site, environ, cache)
    paths = {found.path for found in brought}
    here = find_interpreters(wanted, environ=environ, cache=cache)
    return (*brought, *_judged((found for found in here if found.path not in paths), site))


def _judged(found: Iterable[Interpreter], site: Site) -> tuple[Interpreter, ...]:
    return tuple(_judge(one, site) for one in found)


def _judge(found: Interpreter, site: Site) -> Interpreter:
    for refused in site.python_refused:
        if found.rejected is None and fnmatchcase(found.path, refused.path):
            return replace(found, rejected=f"site {site.name} refuses {refused.path}: {refused.reason}")
    return found


def _from_modules(
    wanted: str | None, site: Site, environ: Mapping[str, str], cache: str | None
) -> tuple[Interpreter, ...]:
    if site.modules.tool == "none" or not all(map(os.path.exists, site.modules.init)):
        return ()
    fitting = [m for m in site.python_modules if wanted is None or _same_minor(m.python, wanted)]
    if not fitting:
        return ()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=4) as pool:
        paths = list(pool.map(lambda module: _program(module, site, environ), fitting))
    return tuple(
        replace(one, note=f"{module.module}: {module.warning}" if module.warning else "")
        for module, path in zip(fitting, paths, strict=True)
        if path
        for one in find_interpreters(path, environ=environ, cache=cache)
        # A module that fails to bring its Python leaves the machine's own on the PATH.
        if _same_minor(module.python, one.version)
    )


def _same_minor(version: str, wanted: str) -> bool:
    return version == ".".join(wanted.split(".")[:2])


def _program(module: PythonModule, site: Site, environ: Mapping[str, str]) -> str:
    """Return the path of the Python that a module brings, ``""`` where this machine does not have it."""
    from pybuild.modules.capture import capture

    step = ModuleStep(
        operation=Operation(kind="load", module=module.module),
        by=f"site {site.name}: python",
        why="its Python",
    )
    modules = site.modules
    plan = ModulePlan(
        site=site.name, tool=modules.tool, init=modules.init, path=site.path, env=modules.env,
        folders=modules.folders, baseline=modules.baseline, steps=(step,),
        questions=(("python3", "-c", _WHERE), ("python", "-c", _WHERE)),
    )  # fmt: skip
    try:
        answers = capture(plan, keep=environ).answers
    except ModuleToolError:
        return ""
    first = 1 if module.python.startswith("2.") else 0
    return answers[first] or answers[1 - first]
