"""One MPI per prefix, across what is there and what comes; compilers may differ."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.plan import Action, PackagePlan
from pybuild.plan.conflicts import demand_nothing_broken, demand_one_provider
from tests.plan.worlds import installed, no_prefix, prefix


def planned(name: str, *identity: tuple[str, str], action: Action = "build") -> PackagePlan:
    return PackagePlan(
        name=name, version="1", build_string="b", key="k", loose_key="l", action=action, change="new",
        requested=True, identity=identity,
    )  # fmt: skip


def test_two_mpis_among_the_planned() -> None:
    """Both packages and both providers are named, and a command that rebuilds both."""
    with pytest.raises(PlanError) as caught:
        demand_one_provider([planned("a", ("mpi", "one")), planned("b", ("mpi", "two"))], no_prefix())
    assert "'mpi'" in caught.value.message
    assert "a would be bound to one, b would be bound to two" in caught.value.message
    assert "pybuild install a b --rebuild" in str(caught.value.hint)


def test_two_kinds_of_one_virtual_among_the_planned() -> None:
    """Who asks for which kind is said; building both again would not help, so it is not proposed."""
    with pytest.raises(PlanError) as caught:
        demand_one_provider([planned("a", ("hdf5", "one")), planned("b", ("hdf5[mpi]", "two"))], no_prefix())
    assert caught.value.message.endswith(
        "a asks for hdf5 and would be bound to one, b asks for hdf5[mpi] and would be bound to two"
    )
    assert "let both ask for hdf5 or for hdf5[mpi]" in str(caught.value.hint)
    assert "--rebuild" not in str(caught.value.hint)


def test_two_mpis_between_the_prefix_and_the_planned() -> None:
    """What is installed counts, although nobody asked for it now."""
    state = prefix(installed("old", "1", identity=(("mpi", "one"),)))
    with pytest.raises(PlanError, match="old is bound to one, b would be bound to two"):
        demand_one_provider([planned("b", ("mpi", "two"))], state)


def test_what_is_replaced_does_not_count() -> None:
    """Rebuilding the only user of the old MPI against the new one is how a prefix moves over."""
    state = prefix(installed("a", "1", identity=(("mpi", "one"),)))
    demand_one_provider([planned("a", ("mpi", "two"))], state)


def test_what_is_kept_counts_once_as_it_is_installed() -> None:
    """A kept package still binds what it was built with."""
    state = prefix(installed("a", "1", identity=(("mpi", "one"),)))
    with pytest.raises(PlanError, match="a is bound to one"):
        demand_one_provider(
            [planned("a", ("mpi", "one"), action="keep"), planned("b", ("mpi", "two"))], state
        )


def test_compilers_may_differ_and_equal_providers_agree() -> None:
    """Two compilers can live in one prefix; the same MPI twice is one MPI."""
    demand_one_provider(
        [
            planned("a", ("compiler", "gcc"), ("mpi", "one"), ("hdf5", "h")),
            planned("b", ("compiler", "clang"), ("mpi", "one")),
        ],
        no_prefix(),
    )


def test_a_version_that_only_the_modules_know_is_compared_when_it_is_known() -> None:
    """Before they ran nothing is refused that may still be the same; what differs already is."""
    state = prefix(installed("old", "1", identity=(("mpi", "cray-mpich 8.1"),)))
    demand_one_provider([planned("b", ("mpi", "cray-mpich ${{ env.CRAY_MPICH_VERSION }}"))], state)
    for other in ("openmpi ${{ env.CRAY_MPICH_VERSION }}", "cray-mpich 9.0", "cray-mpich 8x1"):
        with pytest.raises(PlanError, match=r"old is bound to cray-mpich 8\.1"):
            demand_one_provider([planned("b", ("mpi", other))], state)


def test_what_stays_keeps_what_it_needs() -> None:
    """As conda recorded it: ranges, prefixes, exact builds; what cannot be read is left alone."""
    for text, holds in [
        ("a <2", True), ("a >=2", False), ("a 1.*", True), ("a 2.*", False), ("a =1", True), ("a =2", False),
        ("a", True), ("a 1 b", True), ("a 2 b", False), ("a >=2|<1", True), ("z >=9", True),
    ]:  # fmt: skip
        state = prefix(installed("user", "3", depends=("python 3.11.*", text)))
        if holds:
            demand_nothing_broken([planned("a")], state)
            continue
        with pytest.raises(PlanError, match=r"user 3 of the prefix needs a .*, and it would become 1"):
            demand_nothing_broken([planned("a")], state)
