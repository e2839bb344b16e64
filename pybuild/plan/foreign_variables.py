"""Variables of the user's shell that bring a Python or packages from elsewhere, as the site judges them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pybuild.errors import PlanError
from pybuild.model.modules import is_named
from pybuild.model.plan import Edit
from pybuild.model.pythons import ForeignVariable
from pybuild.model.site import Site

ENVIRONMENTS = ("CONDA_PREFIX", "VIRTUAL_ENV")
MODULES = "LOADEDMODULES"


def judged(site: Site, environ: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    """Return a sentence for each variable that the site warns of and that is set in the user's shell.

    Args:
        prefix: the target; that it is activated itself is no matter.

    Raises:
        PlanError: one is set that the site refuses.
    """
    found = []
    for variable, value, cure in foreign(site, environ, prefix):
        if variable.action == "clear":
            continue
        said = f"{variable.name} is set to {value}: {variable.reason} (site {site.name})"
        if variable.action == "refuse":
            raise PlanError(said, hint=cure)
        found.append(f"{said}; {cure}")
    return tuple(found)


def foreign(
    site: Site, environ: Mapping[str, str], prefix: str
) -> Iterator[tuple[ForeignVariable, str, str]]:
    """Yield each variable of the site's that is set, with its value and what to type against it."""
    for variable in site.python_variables:
        value = _foreign(variable, site, environ, prefix)
        if value:
            yield variable, value, _cure(variable.name, value)


def removed(site: Site) -> Iterator[Edit]:
    """Yield the edits that keep such variables away from the packages that run."""
    names = [one for one in site.python_variables if one.name not in (*ENVIRONMENTS, MODULES)]
    for variable in names:
        yield Edit(
            kind="unset", name=variable.name, why=variable.reason,
            by=f"site {site.name}: python.variables", source=variable.source,
        )  # fmt: skip
    for variable in names:
        if variable.name == "PYTHONUSERBASE":  # without it ~/.local would be looked at instead
            yield Edit(
                kind="set", name="PYTHONNOUSERSITE", value="1", why=variable.reason,
                by=f"site {site.name}: python.variables", source=variable.source,
            )  # fmt: skip


def _foreign(variable: ForeignVariable, site: Site, environ: Mapping[str, str], prefix: str) -> str:
    value = environ.get(variable.name, "")
    if variable.name in ENVIRONMENTS and value.rstrip("/") == prefix:
        return ""
    if variable.name == MODULES:
        pythons = [one.module.partition("/")[0] for one in site.python_modules]
        names = (one for one in value.split(":") if any(is_named(one, name) for name in pythons))
        return next(names, "")
    return value


def _cure(name: str, value: str) -> str:
    if name == MODULES:
        return f"module unload {value.partition('/')[0]}"
    return {"CONDA_PREFIX": "conda deactivate", "VIRTUAL_ENV": "deactivate"}.get(name, f"unset {name}")
