"""Turn a recipe's tests into planned checks: templates filled in, launcher put before the program."""

from __future__ import annotations

from collections.abc import Mapping

from pybuild.errors import PlanError
from pybuild.model.plan import PlannedCheck
from pybuild.model.recipe import Check
from pybuild.model.site import Site
from pybuild.plan.templates import fill_all


def planned_checks(
    name: str, tests: tuple[Check, ...], fields: Mapping[str, str], site: Site
) -> tuple[PlannedCheck, ...]:
    """Return the checks of one package, in the recipe's order.

    Args:
        fields: filled-in provider fields, ``mpi.soname`` and so on.

    Raises:
        PlanError: a test names a virtual or field that nothing provides.
    """
    return tuple(_planned(name, number, test, fields, site) for number, test in enumerate(tests, 1))


def _planned(name: str, number: int, test: Check, fields: Mapping[str, str], site: Site) -> PlannedCheck:
    where = f"recipe {name}: tests[{number}]"
    if test.imports:
        return PlannedCheck(level="imported", name="import " + " ".join(test.imports), imports=test.imports)
    if test.to is not None:
        soname = fields.get(f"{test.to}.soname")
        if soname is None:
            raise PlanError(f"{where}: links to {test.to!r}, which the recipe does not ask the site for")
        if not soname:
            provider = fields.get(f"{test.to}.name", "")
            raise PlanError(
                f"{where}: links to {test.to!r}, but at site {site.name} its provider {provider!r} "
                "has no soname, and without one nothing would be proven"
            )
        return PlannedCheck(
            level="linked",
            name=f"{test.module or test.library} links {test.to}",
            module=test.module,
            file=test.library,
            soname=soname,
            library=fields.get(f"{test.to}.library") or None,
            virtual=test.to or "",
            wrapper=_wrapper(test.to, fields),
        )
    script = f"${{{{ prefix }}}}/share/pybuild/{name}/{test.python}" if test.python else None
    command = fill_all(test.command, fields, where=where)
    what = test.python or " ".join(command)
    if not test.ranks:
        return PlannedCheck(level="imported", name=what, script=script, command=command)
    if site.launcher is None:
        raise PlanError(f"{where}: site {site.name} has no launcher for {test.ranks} ranks")
    return PlannedCheck(
        level="ranked",
        name=f"{what} on {test.ranks} ranks",
        script=script,
        command=command,
        ranks=test.ranks,
        launcher=fill_all(site.launcher.ranks, fields, where=f"site {site.name}: launcher.ranks"),
        environment=site.launcher.oversubscribe,
    )


def _wrapper(virtual: str | None, fields: Mapping[str, str]) -> tuple[str, ...]:
    compiler = fields.get(f"{virtual}.cc", "").split()
    return (*compiler, *fields.get(f"{virtual}.shared", "").split()) if compiler else ()
