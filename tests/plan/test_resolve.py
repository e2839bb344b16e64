"""Releases, options, virtuals and build requirements are chosen together; conflicts are told in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pybuild.errors import PlanError
from pybuild.model.plan import Overlay, PackagePlan
from pybuild.model.providers import Provider, Virtual
from pybuild.model.recipe import Condition, Option, Override, Provides, Recipe, Requirements
from pybuild.model.site import Site
from pybuild.plan import search
from pybuild.plan.resolve import World
from tests.plan import worlds
from tests.plan.worlds import (
    conda_package,
    installed,
    interpreter,
    machine,
    mpich,
    no_prefix,
    plan,
    prefix,
    recipe,
    release,
    user_of_mpi,
    wheel_recipe,
    world,
)


def when(version: str, *run: str) -> Override:
    """Return what some versions of a package need."""
    return Override(when=Condition(version=version), requirements=(("run", run),))


def needing(name: str, *run: str, **more: Any) -> Recipe:
    return recipe(name, requirements=Requirements(run=run), **more)


def made(here: World, *specs: str, **changes: Any) -> dict[str, PackagePlan]:
    return {package.name: package for package in plan(here, *specs, **changes).packages}


def versions(here: World, *specs: str, **changes: Any) -> dict[str, str]:
    return {name: package.version for name, package in made(here, *specs, **changes).items()}


def refused(here: World, *specs: str) -> PlanError:
    with pytest.raises(PlanError) as caught:
        plan(here, *specs)
    return caught.value


NUMPY = wheel_recipe("numpy", "2.2.1", "1.26.4")
H5PY = recipe("h5py", "3.16", "3.10.0", overrides=(when("<3.11", "numpy <2"), when(">=3.11", "numpy")))
TABLES = recipe(
    "tables", "3.10.1", "3.9.2", overrides=(when(">=3.10", "numpy >=2"), when("<3.10", "numpy <2"))
)
THREE = world(NUMPY, H5PY, TABLES)


# Releases


def test_an_older_release_is_taken_where_it_goes_with_the_rest() -> None:
    """The newest of what is asked for first; why another is not it stands in the plan."""
    assert versions(THREE, "h5py", "tables") == {"numpy": "2.2.1", "h5py": "3.16", "tables": "3.10.1"}
    older = made(THREE, "h5py==3.10.0", "tables")
    assert {n: p.version for n, p in older.items()} == {
        "numpy": "1.26.4", "h5py": "3.10.0", "tables": "3.9.2",
    }  # fmt: skip
    assert "3.10.1 needs numpy >=2, and here it is numpy 1.26.4" in older["tables"].why


def test_a_conflict_says_who_wants_what_and_what_would_do() -> None:
    """Each asker with its version and its wish; each other version was tried before it is named."""
    error = refused(THREE, "h5py==3.10.0", "tables==3.10.1")
    assert error.message == (
        "numpy: h5py 3.10.0 (asked for) needs numpy <2, tables 3.10.1 (asked for) needs numpy >=2"
    )
    assert error.hint == (
        "ask for another version of one: h5py 3.16 takes numpy, or tables 3.9.2 takes numpy <2"
    )


def test_a_conflict_that_no_version_solves_says_so() -> None:
    """And leaves out who has no part in it."""
    here = world(NUMPY, needing("a", "numpy <2"), needing("b", "numpy >=2"), recipe("bystander"))
    error = refused(here, "bystander", "a", "b")
    assert error.message == "numpy: a 1.0 (asked for) needs numpy <2, b 1.0 (asked for) needs numpy >=2"
    assert error.hint == "no other version of a and b helps; put them into prefixes of their own"


def test_the_users_own_limit_is_told_as_his() -> None:
    """Who typed the condition can change it."""
    error = refused(THREE, "numpy>=2", "h5py==3.10.0")
    assert error.message == "numpy: you ask for numpy >=2, h5py 3.10.0 (asked for) needs numpy <2"


def test_a_need_that_nothing_meets_names_who_has_it() -> None:
    """No version at all, and none for this Python: then the Pythons that would do are named."""
    error = refused(world(NUMPY, needing("top", "numpy >=9")), "top")
    assert error.message == (
        "numpy: no version matches '>=9'; the recipe has 2.2.1, 1.26.4 (top 1.0 (asked for) needs it)"
    )
    old = recipe("old", release("1.0", "<3.8"))
    error = refused(world(old, needing("top", "old")), "top")
    assert "1.0 needs Python <3.8, the prefix has 3.11.7 (top 1.0 (asked for) needs it)" in error.message
    assert error.hint == "Python 3.7, 3.6 or 2.7 would do: --python 3.7 with a new --prefix"


def test_a_new_prefix_gets_a_python_that_everything_needed_has_a_release_for() -> None:
    """Not only what is asked for: a dependency without a release for the newest Python counts as well."""
    found = (interpreter("3.13.0"), interpreter("3.9.2"))
    here = world(
        recipe("old", release("1.0", "<3.10")), needing("top", "old"), wheel_recipe("pip"),
        state=no_prefix(), machine=machine(interpreters=found),
    )  # fmt: skip
    assert plan(here, "top").python == "3.9.2"


def test_a_release_that_cannot_be_built_here_gives_way_to_an_older_one() -> None:
    """No wheel for this Python is a reason as good as a specifier."""
    new = replace(NUMPY.releases[0], wheels=(("numpy-2.2.1-cp313-cp313-linux_x86_64.whl", worlds.sha("e")),))
    numpy = replace(NUMPY, releases=(new, NUMPY.releases[1]))
    package = made(world(numpy, needing("top", "numpy")), "top")["numpy"]
    assert package.version == "1.26.4"
    assert "2.2.1 does not go: numpy 2.2.1: none of its wheels fits Python 3.11.7" in package.why[1]


# The prefix


def test_what_the_prefix_has_comes_first_but_does_not_stand_in_the_way() -> None:
    """It stays where it fits; where what is asked for needs another, it changes."""
    state = prefix(installed("numpy", "1.26.4"))
    assert made(replace(THREE, state=state), "h5py")["numpy"].action == "keep"
    assert made(replace(THREE, state=state), "tables")["numpy"].version == "2.2.1"


H5PY_THERE = installed("h5py", "3.10.0", depends=("python 3.11.*", "numpy <2"))
WITH_H5PY = replace(THREE, state=prefix(H5PY_THERE, installed("numpy", "1.26.4")))


def test_what_the_prefix_needs_holds_although_nobody_asks_about_it() -> None:
    """An installed h5py that takes no numpy 2 keeps numpy, and the plan what goes with it."""
    assert versions(WITH_H5PY, "tables") == {"numpy": "1.26.4", "tables": "3.9.2"}


def test_what_a_kept_package_needs_and_is_gone_is_brought_back() -> None:
    """In the release that it takes, also further down; what stays is not listed for that."""
    here = world(NUMPY, H5PY, needing("top", "h5py"))
    top = installed("top", "1.0", depends=("python 3.11.*", "h5py"))
    broken = replace(here, state=prefix(H5PY_THERE))
    assert [(n, p.version, p.change) for n, p in made(broken, "h5py").items()] == [
        ("numpy", "1.26.4", "new"), ("h5py", "3.10.0", "none"),
    ]  # fmt: skip
    deeper = made(replace(here, state=prefix(H5PY_THERE, top)), "top")
    assert {n: p.version for n, p in deeper.items()} == {"numpy": "1.26.4", "top": "1.0"}
    assert deeper["numpy"].why[0] == "needed by h5py"
    both = made(replace(here, state=prefix(top)), "top")
    assert {n: p.version for n, p in both.items()} == {"numpy": "2.2.1", "h5py": "3.16", "top": "1.0"}


def test_an_installed_package_that_stands_in_the_way_is_named() -> None:
    """With the way to let it change, and that way works."""
    here = world(NUMPY, H5PY, needing("new", "numpy >=2"), state=WITH_H5PY.state)
    error = refused(here, "new")
    assert error.message == (
        "numpy: new 1.0 (asked for) needs numpy >=2, h5py 3.10.0 (in the prefix) needs numpy <2"
    )
    assert error.hint == "let h5py change with it: pybuild install new h5py"
    assert versions(here, "new", "h5py") == {"numpy": "2.2.1", "new": "1.0", "h5py": "3.16"}


# Options


def test_options_that_several_ask_for_are_put_together() -> None:
    """One build has them all, if a release has."""
    options = (Option(name="x", summary=""), Option(name="y", summary=""))
    here = world(recipe("lib", options=options), needing("p", "lib[x]"), needing("q", "lib[y]"))
    assert made(here, "p", "q")["lib"].options == ("x", "y")


def test_options_that_no_release_has_together() -> None:
    """Who wants which, and that no version has both."""
    options = (Option(name="x", summary="", versions="<2"), Option(name="y", summary="", versions=">=2"))
    here = world(recipe("lib", "2", "1", options=options), needing("p", "lib[x]"), needing("q", "lib[y]"))
    assert refused(here, "p", "q").message == (
        "lib: p 1.0 (asked for) needs lib[x], q 1.0 (asked for) needs lib[y]; "
        "no version of lib has both options"
    )
    assert (
        "no option 'z'; it has x, y (r 1.0 (asked for) needs it)"
        in refused(world(*here.recipes.values(), needing("r", "lib[z]")), "r").message
    )


def test_an_option_that_replaces_requirements_is_tried_for_that() -> None:
    """One wish more can make a way free: b asks c for an option without which c needs what nobody has."""
    c = recipe(
        "c", options=(Option(name="x", summary=""),), requirements=Requirements(run=("e <2",)),
        overrides=(Override(when=Condition(option="x"), requirements=(("run", ()),)),),
    )  # fmt: skip
    b = recipe("b", "2", "1", overrides=(when("==2", "e"), when("==1", "c[x]")))
    here = world(c, b, wheel_recipe("e", "2", "1"))
    assert versions(here, "b", "c", "e>=2") == {"b": "1", "c": "1.0", "e": "2"}


# Virtuals


def hdf5() -> Recipe:
    fields = (("root", "${{ prefix }}"), ("soname", "libhdf5"))
    provides = tuple(Provides(virtual=v, fields=fields) for v in ("hdf5", "hdf5[mpi]"))
    return recipe("hdf5", "1.14", options=(Option(name="mpi", summary=""),), provides=provides)


def by_recipe(**recipes: tuple[str, ...]) -> Site:
    """Return a site whose virtuals come from recipes; ``hdf5_mpi`` stands for ``hdf5[mpi]``."""
    named = {"hdf5_mpi": "hdf5[mpi]"}
    rows = tuple(
        Virtual(
            name=named.get(virtual, virtual),
            providers=tuple(Provider(name=one, where="recipe", recipe=one) for one in names),
        )
        for virtual, names in recipes.items()
    )
    return worlds.site(virtuals=(worlds.site().virtuals[0], *rows))


HDF5_SITE = by_recipe(hdf5=("hdf5",), hdf5_mpi=("hdf5",))
SERIAL = recipe("serial", requirements=Requirements(virtual=("hdf5",)))
PARALLEL = recipe("parallel", requirements=Requirements(virtual=("hdf5[mpi]",)))


def test_a_feature_asks_the_recipe_for_its_option() -> None:
    """``hdf5[mpi]`` is the recipe with the option ``mpi``, plain ``hdf5`` the one without."""
    here = world(hdf5(), SERIAL, PARALLEL, site=HDF5_SITE)
    assert made(here, "serial")["hdf5"].options == ()
    assert made(here, "parallel")["hdf5"].options == ("mpi",)
    there = replace(here, state=prefix(installed("hdf5", "1.14", options=("mpi",))))
    assert made(there, "parallel")["hdf5"].action == "keep"
    assert made(there, "serial")["hdf5"].action == "build"


def test_a_prefix_never_holds_both_kinds() -> None:
    """Who needs which is said, also where one of them is installed."""
    here = world(hdf5(), SERIAL, PARALLEL, site=HDF5_SITE)
    assert refused(here, "parallel", "serial").message == (
        "hdf5: parallel 1.0 (asked for) needs the virtual hdf5[mpi] (recipe hdf5 with its option 'mpi'), "
        "serial 1.0 (asked for) needs the virtual hdf5 (recipe hdf5 without its option 'mpi')"
    )
    there = installed("serial", "1.0", identity=(("hdf5", "hdf5 1.14 py311_here_habc_0"),))
    state = prefix(installed("hdf5", "1.14"), there)
    error = refused(replace(here, state=state), "parallel")
    assert "serial asks for hdf5 and is bound to hdf5 1.14 py311_here_habc_0" in error.message
    assert "parallel asks for hdf5[mpi] and would be bound to" in error.message
    assert "uninstall serial" in str(error.hint)


@pytest.mark.parametrize("run", [(), ("hdf5",)])
def test_a_conflict_below_many_choices_is_told(run: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine releases of each of six libraries are not tried in all combinations, and giving up is no crash."""
    monkeypatch.setattr(search, "ROUNDS", 300)
    many = tuple(str(number) for number in range(9, 0, -1))
    libraries = [recipe(f"lib{n}", *many, requirements=Requirements(run=run)) for n in range(6)]
    below = tuple(library.name for library in libraries)
    users = [
        recipe(name, *many, requirements=Requirements(virtual=(virtual,), run=below))
        for name, virtual in (("serial", "hdf5"), ("parallel", "hdf5[mpi]"))
    ]
    error = refused(world(hdf5(), *users, *libraries, site=HDF5_SITE), "parallel", "serial")
    assert "needs the virtual hdf5 (recipe hdf5 without its option 'mpi')" in error.message


def test_an_option_that_would_help_is_named() -> None:
    """What was asked for without an option is tried with each."""
    serial = replace(
        SERIAL,
        options=(Option(name="fast", summary=""), Option(name="many", summary="")),
        overrides=(Override(when=Condition(option="many"), requirements=(("virtual", ("hdf5[mpi]",)),)),),
    )
    error = refused(world(hdf5(), serial, PARALLEL, site=HDF5_SITE), "parallel", "serial")
    assert error.hint == "ask for another version of one: serial 1.0 with its option 'many' would do"


TWO_MPIS = by_recipe(mpi=("mpich", "openmpi"))
OPENMPI = replace(mpich("5.0"), name="openmpi")


def test_what_the_prefix_is_bound_to_comes_before_the_sites_first() -> None:
    """A prefix has one MPI; the recipe that was asked for also comes before other recipes."""
    there = installed("other", "1", identity=(("mpi", "openmpi 5.0 py311_here_habc_0"),))
    state = prefix(installed("openmpi", "5.0"), there)
    here = world(user_of_mpi(), mpich(), OPENMPI, site=TWO_MPIS)
    assert set(made(here, "thing")) == {"mpich", "thing"}
    assert set(made(here, "thing", "openmpi")) == {"openmpi", "thing"}
    bound = made(replace(here, state=state), "thing")
    assert set(bound) == {"openmpi", "thing"}
    assert "mpi: recipe openmpi (other of the prefix is bound to it)" in bound["thing"].why
    chosen = replace(here, state=state, providers=(("mpi", "mpich"),))
    error = refused(chosen, "thing")
    assert error.message.startswith(
        "two providers of 'mpi' would meet in one prefix: other is bound to openmpi"
    )
    assert "pybuild install other thing --rebuild, or remove: pybuild uninstall other" in str(error.hint)


def test_two_packages_that_supply_one_virtual_do_not_meet() -> None:
    """Neither among those asked for nor with what is there; the way out is a command."""
    here = world(user_of_mpi(), mpich(), OPENMPI, site=TWO_MPIS)
    message = "mpich and openmpi both provide 'mpi', and a prefix holds one of them"
    error = refused(here, "thing", "openmpi", "mpich")
    assert (error.message, error.hint) == (message, "leave one of them out")
    error = refused(replace(here, state=prefix(installed("mpich", "4.2.3"))), "openmpi")
    assert error.message == f"{message}; mpich is in it"
    assert str(error.hint).startswith("pybuild uninstall mpich")


def test_a_provider_is_not_replaced_under_what_is_bound_to_it() -> None:
    """The package that would break is named, and both can be built again together."""
    user = installed("other", "1", identity=(("mpi", "mpich 4.2 py311_here_habc_0"),))
    here = world(mpich("5.0", "4.2"), state=prefix(installed("mpich", "4.2"), user))
    error = refused(here, "mpich>=5")
    assert error.message.startswith(
        "other 1 of the prefix is bound to mpich 4.2 py311_here_habc_0, which 5.0"
    )
    assert error.hint == "build both again: pybuild install mpich==5.0 other --rebuild"


def test_the_next_provider_serves_where_the_first_has_no_release() -> None:
    """A recipe that is not for this Python is no provider."""
    first = replace(mpich(), releases=(replace(mpich().releases[0], python="<3.8"),))
    here = world(user_of_mpi(), first, OPENMPI, site=TWO_MPIS)
    assert set(made(here, "thing")) == {"openmpi", "thing"}


def test_a_virtual_that_the_site_does_not_list_names_the_recipes_that_could() -> None:
    """Nothing is built that the site does not want, but the way is shown."""
    error = refused(world(hdf5(), SERIAL), "serial")
    assert error.message == "site here does not provide 'hdf5'; it provides compiler, mpi"
    assert "recipe hdf5 can provide it" in str(error.hint)
    assert "hdf5: [{name: hdf5, where: recipe, recipe: hdf5}]" in str(error.hint)


# Build requirements


def wheels(here: World, *specs: str) -> list[str]:
    build = made(here, *specs)["top"].build
    assert build is not None
    return [d.file for step in build.steps if isinstance(step, Overlay) for d in step.downloads]


def test_build_requirements_are_resolved_on_their_own() -> None:
    """An older wheel is taken where the newest does not go with the others; the prefix has no say."""
    a = wheel_recipe("a", "2", "1", overrides=(when("==2", "c <2"), when("==1", "c")))
    b = wheel_recipe("b", requirements=Requirements(run=("c >=2",)))
    top = recipe("top", requirements=Requirements(build=("a", "b"), run=("c <2",)))
    here = world(a, b, wheel_recipe("c", "2", "1"), top, state=prefix(installed("c", "1")))
    assert wheels(here, "top") == ["a-1-py3-none-any.whl", "b-1.0-py3-none-any.whl", "c-2-py3-none-any.whl"]
    assert made(here, "top")["c"].action == "keep"


def test_build_requirements_that_do_not_go_together() -> None:
    """Named like all others."""
    a = wheel_recipe("a", requirements=Requirements(run=("c <2",)))
    top = recipe("top", requirements=Requirements(build=("a", "c >=2")))
    error = refused(world(a, wheel_recipe("c", "2", "1"), top), "top")
    assert error.message == "c: the build of top needs c >=2, a 1.0 needs c <2"


def test_what_is_compiled_against_keeps_to_what_is_run_with() -> None:
    """A build for numpy 1 is made with numpy 1, and what is made with numpy 1 does not run with 2."""
    run = recipe("top", requirements=Requirements(build=("numpy",), run=("numpy <2",)))
    assert wheels(world(NUMPY, run), "top") == ["numpy-1.26.4-py3-none-any.whl"]
    built = recipe("top", requirements=Requirements(build=("numpy <2",), run=("numpy",)))
    package = made(world(NUMPY, built), "top")
    assert package["top"].depends == ("python 3.11.*", "numpy <2")
    assert package["numpy"].version == "1.26.4"


# Conda channels


def test_an_offer_comes_after_the_prefix_and_before_the_index() -> None:
    """With what it needs in turn, in the solver's order, and not for what is asked for."""
    blas = conda_package("libblas", "3.9")
    numpy = replace(conda_package("numpy", "2.1.0"), depends=("libblas >=3.8", "python 3.11.*"))
    stray = conda_package("stray", "1")
    here = world(NUMPY, needing("top", "numpy"), machine=machine(offers=(blas, stray, numpy)))
    packages = plan(here, "top").packages
    assert [(p.name, p.version, p.action) for p in packages] == [
        ("libblas", "3.9", "conda"), ("numpy", "2.1.0", "conda"), ("top", "1.0", "build"),
    ]  # fmt: skip
    assert packages[1].why == ("needed by top",)
    assert versions(here, "top", "numpy")["numpy"] == "2.2.1"
    there = replace(here, state=prefix(installed("numpy", "1.26.4", key=None)))
    assert versions(there, "top") == {"numpy": "1.26.4", "top": "1.0"}
    assert (
        versions(world(NUMPY, needing("top", "numpy <2"), machine=here.machine), "top")["numpy"] == "1.26.4"
    )


def test_the_base_of_a_new_prefix_serves_needs_too() -> None:
    """What conda's Python brings along is not taken from the index once more."""
    base = (conda_package("python", "3.11.9"), conda_package("pip", "24"), conda_package("numpy", "2.0"))
    here = world(NUMPY, needing("top", "numpy"), state=no_prefix(), machine=machine(base=base))
    assert versions(here, "top") == {"python": "3.11.9", "pip": "24", "numpy": "2.0", "top": "1.0"}
    assert versions(here, "top", "numpy")["numpy"] == "2.2.1"
