"""Which wheels a stack may take where the repository has a recipe of the same name."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.load.places import find_places
from pybuild.locking.index import _demand_no_recipe
from pybuild.model.stack import LockedWheel, Stack
from pybuild.settings import Settings

STACK = Stack(name="survey", root="/srv/survey", file="stack.yaml")
SETTINGS = Settings(places=find_places({"HOME": "/nowhere"}), environ={}, command="")


def _wheel(name: str) -> LockedWheel:
    return LockedWheel(name=name, version="1", file=f"{name}-1-py3-none-any.whl", sha256="0" * 64)


def test_a_wheel_that_would_bring_another_mpi_is_refused() -> None:
    """The recipe of h5py binds the site's MPI, whatever is asked of it."""
    with pytest.raises(PlanError, match=r"h5py has a recipe that builds it for this site's .*mpi"):
        _demand_no_recipe([_wheel("h5py")], STACK, SETTINGS)


def test_what_a_recipe_binds_by_an_option_only_is_not_missed() -> None:
    """Numpy's recipe takes the wheel, too, unless somebody asks for the site's BLAS."""
    _demand_no_recipe([_wheel("numpy")], STACK, SETTINGS)
