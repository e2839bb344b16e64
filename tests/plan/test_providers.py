"""What stands behind a virtual: the machine's own, else the prefix's, else a recipe, and why."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.machine import FoundProvider
from pybuild.model.providers import Provider, Virtual
from pybuild.model.recipe import Recipe
from pybuild.plan.providers import bind
from tests.plan.worlds import COMPILER, MPI, installed, machine, mpich, no_prefix, prefix, site

IN_PREFIX = FoundProvider(
    virtual="mpi", provider="prefix", fields=(("cc", "${{ prefix }}/bin/mpicc"),), identity="mpicc of conda"
)
RECIPES: dict[str, Recipe] = {"mpich": mpich("4.2.3")}


def test_the_machines_own_mpi_comes_first() -> None:
    """Even if the prefix has one too: the machine's knows the network and the launcher."""
    bound = bind(
        "mpi", site(), machine(providers=(IN_PREFIX, MPI)), prefix(installed("mpich", "4.2.3")), RECIPES
    )
    assert (bound.provider, bound.recipe, bound.identity) == ("wrapper", None, MPI.identity)
    assert bound.fields["mpi.cc"] == "/usr/bin/mpicc"
    assert bound.why == "mpi: wrapper /usr/bin/mpicc"


def test_then_the_prefixs_own() -> None:
    """A foreign MPI of the prefix is taken by its programs, and the reason says what was missing before."""
    bound = bind("mpi", site(), machine(providers=(IN_PREFIX,)), prefix(), RECIPES)
    assert (bound.provider, bound.recipe) == ("prefix", None)
    assert bound.why == "mpi: prefix ${{ prefix }}/bin/mpicc (no mpicc on the PATH)"


def test_a_package_of_ours_in_the_prefix_is_bound_as_a_package() -> None:
    """So that what is built depends on exactly that package; another's of the same name is not ours."""
    ours = bind("mpi", site(), machine(providers=(IN_PREFIX,)), prefix(installed("mpich", "4.2.3")), RECIPES)
    assert ours.recipe == "mpich"
    foreign = prefix(installed("mpich", "4.2.3", key=None))
    assert bind("mpi", site(), machine(providers=(IN_PREFIX,)), foreign, RECIPES).recipe is None


def test_then_a_recipe() -> None:
    """The last resort is to build one; the fields are those of the recipe, with the prefix still open."""
    bound = bind("mpi", site(), machine(providers=()), no_prefix(), RECIPES)
    assert (bound.provider, bound.recipe, bound.identity) == ("mpich", "mpich", "")
    assert bound.fields["mpi.cc"] == "${{ prefix }}/bin/mpicc"
    assert bound.why == "mpi: recipe mpich (no mpicc on the PATH; no mpicc in the prefix)"


def test_a_site_may_name_a_provider_as_it_stands() -> None:
    """Its identity is all that the site says about it."""
    row = Provider(name="cray", where="site", fields=(("cc", "/opt/cc"), ("soname", "libmpich")))
    bound = bind("mpi", site(virtuals=(Virtual(name="mpi", providers=(row,)),)), machine(), no_prefix(), {})
    assert bound.fields["mpi.cc"] == "/opt/cc"
    assert bound.identity == "cc=/opt/cc soname=libmpich"


@pytest.mark.parametrize("field", ["shared", "dynamic", "soname", "library", "cxx", "fc"])
def test_every_provider_has_the_common_fields(field: str) -> None:
    """Empty where it has none, so that one recipe serves every site; also a compiler that is missing."""
    found = FoundProvider(virtual="mpi", provider="wrapper", fields=(("cc", "/m"),), identity="m")
    assert bind("mpi", site(), machine(providers=(found,)), no_prefix(), RECIPES).fields[f"mpi.{field}"] == ""
    assert bind("compiler", site(), machine(providers=()), no_prefix(), {}).fields[f"compiler.{field}"] == ""


def test_the_first_of_a_sites_providers_wins_by_the_sites_order() -> None:
    """The order in the site file decides, not the order in which things were found."""
    rows = tuple(Provider(name=n, where="shell", programs=(("cc", (n,)),)) for n in ("icc", "gcc"))
    found = tuple(
        FoundProvider(virtual="compiler", provider=n, fields=(("cc", f"/{n}"),), identity=n)
        for n in ("gcc", "icc")
    )
    here = site(virtuals=(Virtual(name="compiler", providers=rows),))
    assert bind("compiler", here, machine(providers=found), no_prefix(), {}).provider == "icc"


def test_a_missing_compiler_is_only_lacking() -> None:
    """The channel may hold the package: whether a compiler matters is decided later."""
    bound = bind("compiler", site(), machine(providers=(MPI,)), no_prefix(), RECIPES)
    assert bound.lacking == "nothing on this machine provides 'compiler': no gcc or cc on the PATH"
    assert "apt-get install gcc" in str(bound.hint)
    assert bound.fields["compiler.cc"] == ""


def test_any_other_missing_provider_is_an_error() -> None:
    """With all places that were looked at."""
    rows = (Provider(name="wrapper", where="shell", programs=(("cc", ("mpicc", "mpiicc")),)),)
    here = site(virtuals=(Virtual(name="mpi", providers=rows),))
    with pytest.raises(PlanError, match="provides 'mpi': no mpicc or mpiicc on the PATH"):
        bind("mpi", here, machine(providers=(COMPILER,)), no_prefix(), {})


def test_a_virtual_that_the_site_does_not_know() -> None:
    """The message lists those that it has."""
    with pytest.raises(PlanError, match="does not provide 'hdf5'; it provides compiler, mpi"):
        bind("hdf5", site(), machine(), no_prefix(), RECIPES)


def test_a_recipe_that_does_not_provide_what_the_site_says() -> None:
    """A site's mistake is named, not followed."""
    row = Provider(name="x", where="recipe", recipe="mpich")
    here = site(virtuals=(Virtual(name="blas", providers=(row,)),))
    with pytest.raises(PlanError, match="recipe mpich does not provide 'blas'"):
        bind("blas", here, machine(), no_prefix(), RECIPES)
