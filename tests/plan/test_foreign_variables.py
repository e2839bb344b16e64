"""A Python from elsewhere in the user's shell: said or refused as the site says, and kept from what runs."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.pythons import ForeignVariable, PythonModule
from pybuild.model.site import Site
from pybuild.plan.foreign_variables import judged, removed

PREFIX = "/srv/env"


def site(*variables: tuple[str, str]) -> Site:
    return Site(
        name="toy",
        summary="",
        python_modules=(PythonModule(module="python/3.11", python="3.11"),),
        python_variables=tuple(
            ForeignVariable(name=name, action=action, reason="it is foreign")  # type: ignore[arg-type]
            for name, action in variables
        ),
    )


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("PYTHONSTARTUP", "/etc/start", "unset PYTHONSTARTUP"),
        ("PYTHONPATH", "/home/me/lib", "unset PYTHONPATH"),
        ("PYTHONUSERBASE", "/home/me/.local", "unset PYTHONUSERBASE"),
        ("CONDA_PREFIX", "/opt/conda", "conda deactivate"),
        ("VIRTUAL_ENV", "/home/me/v", "deactivate"),
        ("LOADEDMODULES", "a/1:python/3.9:b", "module unload python"),
    ],
)
def test_it_is_said_or_refused(name: str, value: str, cure: str) -> None:
    """With the value, the site's reason and what to type; cleared ones need no words."""
    (note,) = judged(site((name, "warn")), {name: value}, PREFIX)
    assert note.startswith(f"{name} is set to ")
    assert note.endswith(f": it is foreign (site toy); {cure}")
    with pytest.raises(PlanError, match=f"{name} is set to .*: it is foreign") as caught:
        judged(site((name, "refuse")), {name: value}, PREFIX)
    assert caught.value.hint == cure
    assert judged(site((name, "clear")), {name: value}, PREFIX) == ()
    assert judged(site((name, "refuse")), {name: ""}, PREFIX) == ()


def test_the_target_itself_is_not_foreign() -> None:
    """Nor are modules that have no Python."""
    strict = site(("CONDA_PREFIX", "refuse"), ("LOADEDMODULES", "refuse"))
    environ = {"CONDA_PREFIX": f"{PREFIX}/", "LOADEDMODULES": "pythonic/1:PrgEnv-gnu/8"}
    assert judged(strict, environ, PREFIX) == ()


def test_what_runs_does_not_see_them() -> None:
    """Whatever the action; without PYTHONUSERBASE the user's own folder stays out as well."""
    edits = removed(site(("PYTHONPATH", "warn"), ("PYTHONUSERBASE", "clear"), ("CONDA_PREFIX", "warn")))
    assert [(e.kind, e.name, e.value) for e in edits] == [
        ("unset", "PYTHONPATH", ""),
        ("unset", "PYTHONUSERBASE", ""),
        ("set", "PYTHONNOUSERSITE", "1"),
    ]
