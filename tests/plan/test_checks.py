"""A recipe's tests become checks with a level, their templates filled in and the launcher before ranks."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.launcher import Launcher
from pybuild.model.plan import PlannedCheck
from pybuild.model.recipe import Check
from pybuild.plan.checks import planned_checks
from tests.plan.worlds import site

FIELDS = {"mpi.soname": "libmpi", "mpi.library": "/l/libmpi.so.12", "mpi.mpiexec": "/usr/bin/mpiexec"}
LAUNCHER = Launcher(ranks=("${{ mpi.mpiexec }}", "-n", "${{ ranks }}"), oversubscribe=(("OVER", "1"),))


def planned(*tests: Check) -> tuple[PlannedCheck, ...]:
    return planned_checks("thing", tests, FIELDS, site(launcher=LAUNCHER))


def test_each_kind_has_its_level() -> None:
    """Imports and scripts prove imported, links prove linked, ranks prove ranked; the order stays."""
    made = planned(
        Check(imports=("a", "b")),
        Check(module="thing.MPI", to="mpi"),
        Check(python="t.py"),
        Check(command=("${{ mpi.mpiexec }}", "--version")),
        Check(python="r.py", ranks=2),
    )
    assert [check.level for check in made] == ["imported", "linked", "imported", "imported", "ranked"]
    assert made[0].imports == ("a", "b")
    assert (made[1].soname, made[1].library) == ("libmpi", "/l/libmpi.so.12")
    assert made[2].script == "${{ prefix }}/share/pybuild/thing/t.py"
    assert made[3].command == ("/usr/bin/mpiexec", "--version")


def test_ranks_go_through_the_sites_launcher() -> None:
    """With the number of ranks still open and the site's settings for few slots."""
    (check,) = planned(Check(python="r.py", ranks=3))
    assert check.launcher == ("/usr/bin/mpiexec", "-n", "${{ ranks }}")
    assert (check.ranks, check.environment) == (3, (("OVER", "1"),))
    assert check.name == "r.py on 3 ranks"


def test_a_check_without_ranks_has_no_launcher() -> None:
    """Nothing that is imported runs under a launcher by accident."""
    (check,) = planned(Check(python="t.py"))
    assert (check.launcher, check.environment, check.ranks) == ((), (), 0)


def test_ranks_without_a_launcher_are_an_error() -> None:
    """The site and the test are named."""
    with pytest.raises(PlanError, match=r"recipe thing: tests\[2\]: site here has no launcher for 2 ranks"):
        planned_checks(
            "thing", (Check(imports=("a",)), Check(python="r.py", ranks=2)), FIELDS, site(launcher=None)
        )


def test_links_to_what_was_not_asked_for_is_an_error() -> None:
    """A recipe that checks hdf5 must ask the site for it."""
    with pytest.raises(PlanError, match=r"tests\[1\]: links to 'hdf5', which the recipe does not ask"):
        planned(Check(module="h5py.h5", to="hdf5"))


def test_links_to_a_provider_without_a_library_name_is_an_error() -> None:
    """An empty name would be linked by everything: such a check would prove nothing."""
    with pytest.raises(PlanError, match=r"tests\[1\]: links to 'mpi'"):
        planned_checks("thing", (Check(module="m", to="mpi"),), {**FIELDS, "mpi.soname": ""}, site())
