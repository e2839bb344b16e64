"""What an upgrade makes newer, what it builds again and why, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pybuild.errors import PlanError
from pybuild.model.machine import FoundProvider, Installed
from pybuild.model.plan import PackagePlan, Plan
from pybuild.model.providers import Provider, Virtual, base_of
from pybuild.model.recipe import Build, Condition, Option, Override, Recipe, Requirements
from pybuild.model.request import Request, Spec
from pybuild.plan.make import make_plan
from pybuild.plan.resolve import World
from tests.plan import cray, worlds
from tests.plan.worlds import (
    MPI,
    machine,
    mpich,
    plan,
    prefix,
    recipe,
    release,
    user_of_mpi,
    wheel_recipe,
    world,
)  # fmt: skip

NEW_MPI = replace(MPI, identity="/usr/bin/mpicc: gcc -lmpi; HYDRA 4.3.0")


def as_installed(package: PackagePlan) -> Installed:
    """Return what the prefix has once a package of a plan is installed, as it is read for an upgrade."""
    names = {field: value for field, value, _ in package.fields}
    return Installed(
        name=package.name, version=package.version, build=package.build_string, key=package.key,
        depends=package.depends, options=package.options, identity=package.identity,
        requested=package.requested, inputs=package.build.inputs if package.build else "",
        providers=tuple((v, names[f"{base_of(v)}.name"]) for v, _ in package.identity),
    )  # fmt: skip


def having(here: World, *specs: str, **changes: Any) -> World:
    """Return a world in whose prefix these specs are installed."""
    packages = plan(here, *specs, **changes).packages
    before = [p for p in here.state.packages if p.name not in {"python", *(new.name for new in packages)}]
    new = [as_installed(package) for package in packages if package.action != "keep"]
    kept = [p for p in here.state.packages if p.name in {q.name for q in packages if q.action == "keep"}]
    return replace(here, state=prefix(*before, *kept, *new))


def upgraded(here: World, *names: str) -> Plan:
    """Plan an upgrade as the command asks for it."""
    ours = {package.name: package for package in here.state.packages if package.key}
    chosen = names or [name for name, package in ours.items() if package.requested]
    specs = tuple(Spec(text=name, name=name, options=ours[name].options) for name in chosen)
    request = Request(specs=specs, prefix=here.state.path, upgrade=tuple(names or ours))
    return make_plan(request, here, held=(), channel=worlds.CHANNEL)


def with_recipes(here: World, *recipes: Recipe) -> World:
    return replace(here, recipes={**here.recipes, **{one.name: one for one in recipes}})


def changes(made: Plan) -> dict[str, str]:
    return {p.name: f"{p.change} {p.version}" for p in made.packages if p.action != "keep"}


def of(made: Plan, name: str) -> PackagePlan:
    return next(package for package in made.packages if package.name == name)


BOTH = having(world(user_of_mpi("a"), user_of_mpi("b"), wheel_recipe("pure")), "a", "b", "pure")


def test_what_is_newest_stays() -> None:
    """Nothing is different, so nothing is done; what was asked for is shown."""
    made = upgraded(BOTH)
    assert made.changes_nothing()
    assert [package.name for package in made.packages] == ["a", "b", "pure"]
    assert made.notes == ()


def test_newer_releases_are_taken_with_options() -> None:
    """Only finished ones; the options that were chosen at installation stay, and limit the release."""
    exe = Option(name="exe", summary="a program", versions="<4")
    here = having(world(user_of_mpi("a", "1.0", options=(exe,)), wheel_recipe("pure")), "a[exe]", "pure")
    now = with_recipes(
        here,
        user_of_mpi("a", "4.0", "2.0", "1.0", options=(exe,)),
        wheel_recipe("pure", "3.0rc1", "2.0", "1.0"),
    )
    made = upgraded(now)
    assert changes(made) == {"a": "upgrade 2.0", "pure": "upgrade 2.0"}
    assert of(made, "a").options == ("exe",)
    assert "4.0 has no option 'exe', which exists for versions <4" in of(made, "a").why


def test_nothing_gets_older() -> None:
    """Not even where the recipes at hand do not know the version that is there."""
    here = having(world(wheel_recipe("pure", "2.0")), "pure")
    assert upgraded(with_recipes(here, wheel_recipe("pure", "1.0"))).changes_nothing()
    early = having(world(wheel_recipe("pure", "2.0rc1")), "pure")
    assert upgraded(with_recipes(early, wheel_recipe("pure", "1.0", "2.0rc1"))).changes_nothing()


def test_unfinished_releases_are_for_those_who_have_one() -> None:
    """A pre-release is no newer release, unless one is installed already."""
    here = having(world(wheel_recipe("pure", "2.0")), "pure")
    assert upgraded(with_recipes(here, wheel_recipe("pure", "3.0rc1", "2.0"))).changes_nothing()
    early = having(world(wheel_recipe("pure", "3.0rc1")), "pure")
    made = upgraded(with_recipes(early, wheel_recipe("pure", "3.0rc2", "3.0rc1")))
    assert changes(made) == {"pure": "upgrade 3.0rc2"}


def test_no_release_is_given_up_for_another() -> None:
    """A newer tables would need an older numpy, which was asked for as well."""
    old = recipe("tables", "3.9", requirements=Requirements(run=("numpy",)))
    here = having(having(world(wheel_recipe("numpy", "2.0"), old), "tables"), "numpy", rebuild=True)
    older = Override(when=Condition(version=">=3.10"), requirements=(("run", ("numpy <2",)),))
    newer = replace(recipe("tables", "3.10", "3.9", overrides=(older,)), requirements=old.requirements)
    made = upgraded(with_recipes(here, newer, wheel_recipe("numpy", "2.0", "1.26")))
    assert made.changes_nothing()
    assert made.notes == ("tables stays at 3.9: 3.10 needs numpy <2, and here it is numpy 2.0",)


def test_what_changes_with_another_keeps_its_options() -> None:
    """It was not named, and is built again as it was chosen."""
    exe = Option(name="exe", summary="a program")
    here = having(world(user_of_mpi("a", options=(exe,)), user_of_mpi("b")), "a[exe]", "b")
    made = upgraded(replace(here, machine=machine(providers=(worlds.COMPILER, NEW_MPI))), "b")
    assert of(made, "a").options == ("exe",)
    assert changes(made) == {"a": "replace 1.0", "b": "replace 1.0"}


def test_only_what_is_named() -> None:
    """The others stay, and are not even shown."""
    now = with_recipes(BOTH, user_of_mpi("a", "2.0", "1.0"), wheel_recipe("pure", "2.0", "1.0"))
    made = upgraded(now, "pure")
    assert [package.name for package in made.packages] == ["pure"]
    assert changes(made) == {"pure": "upgrade 2.0"}


NUMPY = wheel_recipe("numpy", "1.26")
NEEDS = recipe("tables", "3.9", requirements=Requirements(run=("numpy <2",)))


def test_what_is_only_needed_stays_while_it_goes() -> None:
    """A newer numpy exists, and nobody asked for numpy."""
    here = having(world(NUMPY, NEEDS), "tables")
    now = with_recipes(
        here,
        wheel_recipe("numpy", "1.27", "1.26"),
        recipe("tables", "3.10", "3.9", requirements=Requirements(run=("numpy <2",))),
    )
    assert changes(upgraded(now)) == {"tables": "upgrade 3.10"}
    needing = recipe(
        "tables", "3.10", "3.9",
        overrides=(Override(when=Condition(version=">=3.10"), requirements=(("run", ("numpy >1.26",)),)),),
    )  # fmt: skip
    made = upgraded(with_recipes(now, needing))
    assert changes(made) == {"tables": "upgrade 3.10", "numpy": "upgrade 1.27"}
    assert not of(made, "numpy").requested


@pytest.mark.parametrize("names", [(), ("numpy",)])
def test_pins_of_others_hold(names: tuple[str, ...]) -> None:
    """The plan says who keeps a release from being taken."""
    here = having(having(world(NUMPY, NEEDS), "tables"), "numpy", rebuild=True)
    made = upgraded(with_recipes(here, wheel_recipe("numpy", "2.2", "1.26")), *names)
    assert made.changes_nothing()
    (note,) = made.notes
    assert note.startswith("numpy stays at 1.26: 2.2 does not go: tables 3.9")
    assert note.endswith("needs numpy <2")


def test_a_release_for_another_python_is_told() -> None:
    """Nothing is to be done, and the reason is the prefix's Python."""
    here = having(world(wheel_recipe("pure")), "pure")
    newer = replace(wheel_recipe("pure"), releases=(release("2.0", ">=3.13"), *wheel_recipe("pure").releases))
    made = upgraded(with_recipes(here, newer))
    assert made.changes_nothing()
    assert made.notes == ("pure stays at 1.0: 2.0 needs Python >=3.13, the prefix has 3.11.7",)


def test_another_mpi_rebuilds_all_that_is_bound_to_it() -> None:
    """After a system update: the same releases, the reason with each, and who asked for what stays known."""
    now = replace(BOTH, machine=machine(providers=(worlds.COMPILER, NEW_MPI)))
    made = upgraded(now)
    assert changes(made) == {"a": "replace 1.0", "b": "replace 1.0"}
    for name in ("a", "b"):
        assert of(made, name).why[0] == f"{MPI.identity} was, {NEW_MPI.identity} is"
        assert of(made, name).requested
    one = upgraded(now, "a")
    assert changes(one) == changes(made)
    assert of(one, "b").requested
    assert upgraded(now, "pure").changes_nothing()
    again = replace(now, state=prefix(*map(as_installed, made.packages[:2])))
    assert upgraded(again).changes_nothing()


def test_another_compiler_rebuilds_what_is_named() -> None:
    """Two compilers can live in one prefix, so the other package has no part in it."""
    gcc = replace(worlds.COMPILER, identity="gcc 14.2.0")
    now = replace(BOTH, machine=machine(providers=(gcc, MPI)))
    assert changes(upgraded(now)) == {"a": "replace 1.0", "b": "replace 1.0"}
    made = upgraded(now, "a")
    assert changes(made) == {"a": "replace 1.0"}
    assert of(made, "a").why[0] == "gcc 12.2.0 was, 14.2.0 is"


def test_a_changed_recipe_is_said_in_words() -> None:
    """Version and providers are as they were; what the recipe says differently is named."""
    env = (("MPICC", "${{ mpi.cc }} ${{ mpi.shared }}"), ("EXTRA", "1"))
    build = Build(system="distutils", env=env, args=("--cc=${{ compiler.cc }}",))
    made = upgraded(with_recipes(BOTH, user_of_mpi("a", build=build)))
    assert changes(made) == {"a": "replace 1.0"}
    assert of(made, "a").why[0] == "the variable EXTRA is another now"


def test_a_named_mpi_takes_its_users_along() -> None:
    """What was built against the old one is built again, and stays at its release."""
    bare = machine(providers=(worlds.COMPILER,))
    here = having(world(user_of_mpi("a"), mpich("4.1"), machine=bare), "a")
    now = with_recipes(here, user_of_mpi("a", "2.0", "1.0"), mpich("4.2", "4.1"))
    assert changes(upgraded(now)) == {"a": "upgrade 2.0"}
    made = upgraded(now, "mpich")
    assert changes(made) == {"mpich": "upgrade 4.2", "a": "replace 1.0"}
    mpi, build = of(made, "mpich"), here.state.packages[-2].build
    assert of(made, "a").why[0] == f"mpich 4.1 {build} was, mpich 4.2 {mpi.build_string} is"


def test_the_provider_stays() -> None:
    """A better one that has come, and another version of a chosen one, change nothing of the choice."""
    bare = machine(providers=(worlds.COMPILER,))
    here = having(world(user_of_mpi("a"), mpich("4.1"), machine=bare), "a")
    assert upgraded(replace(here, machine=machine())).changes_nothing()

    def second(version: str) -> FoundProvider:
        return replace(MPI, provider="second", identity=f"/opt/mpicc: {version}")

    first, *others = worlds.site().virtuals
    own = Provider(name="second", where="shell", programs=(("cc", ("mpicc",)),))
    virtuals = (first, Virtual(name="mpi", providers=(*others[0].providers, own)))
    both = machine(providers=(worlds.COMPILER, MPI, second("1")))
    chosen = world(
        user_of_mpi("a"), site=worlds.site(virtuals=virtuals), machine=both, providers=(("mpi", "second"),)
    )
    there = replace(having(chosen, "a"), providers=())
    made = upgraded(replace(there, machine=machine(providers=(worlds.COMPILER, MPI, second("2")))))
    assert dict(of(made, "a").identity)["mpi"] == "/opt/mpicc: 2"


def test_compilers_that_differ_are_not_mixed() -> None:
    """One upgrade has one compiler; the way to keep both is said."""
    first, mpi = worlds.site().virtuals
    other = Provider(name="intel", where="shell", programs=(("cc", ("icx",)),))
    site = worlds.site(virtuals=(Virtual(name="compiler", providers=(*first.providers, other)), mpi))
    intel = replace(worlds.COMPILER, provider="intel", identity="icx 2024")
    here = world(
        user_of_mpi("a"), user_of_mpi("b"), site=site,
        machine=machine(providers=(worlds.COMPILER, intel, MPI)),
    )  # fmt: skip
    there = having(here, "a")
    there = replace(having(replace(there, providers=(("compiler", "intel"),)), "b"), providers=())
    with pytest.raises(PlanError) as caught:
        upgraded(there)
    assert caught.value.message.startswith("a was built with the compiler system, b with intel")
    assert "pybuild upgrade a -p" in str(caught.value.hint)
    assert upgraded(there, "b").changes_nothing()


def test_what_cannot_be_built_any_more_stays() -> None:
    """The MPI is gone: the package keeps its place, and why it is not built again is told."""
    made = upgraded(replace(BOTH, machine=machine(providers=(worlds.COMPILER,))), "a")
    assert made.changes_nothing()
    (note,) = made.notes
    assert note.startswith("a stays at 1.0: 1.0 does not go: nothing on this machine provides 'mpi'")


def test_modules_are_known_after_the_tool_ran() -> None:
    """Before, what is bound to a module counts as changed; with what was loaded, only what really is."""
    here = world(user_of_mpi("a"), user_of_mpi("b"), site=cray.cray())
    first = plan(here, "a", "b")
    builds = [package.build for package in first.packages]
    assert all(build and build.modules for build in builds)
    captures = tuple(cray.captured(b.modules) for b in builds if b and b.modules)
    there = having(replace(here, machine=machine(captures=captures)), "a", "b")
    assert set(changes(upgraded(replace(there, machine=machine())))) == {"a", "b"}
    assert upgraded(there).changes_nothing()
    environment = (("CRAY_MPICH_VERSION", "8.1.28"), ("GCC_VERSION", "8.3.0"), ("PATH", "/opt/bin"))
    loaded = ("craype-haswell", "dvs/2.12", "PrgEnv-gnu/6.0.5", "cray-mpich/8.1.28")
    newer = tuple(replace(one, environment=environment, loaded=loaded) for one in captures)
    made = upgraded(replace(there, machine=machine(captures=newer)), "a")
    assert changes(made) == {"a": "replace 1.0", "b": "replace 1.0"}
    assert of(made, "b").why[0] == "cray-mpich 7.7.10 was, 8.1.28 is"
