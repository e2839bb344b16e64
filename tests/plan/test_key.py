"""The key changes with everything that can change the result, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybuild.model.machine import FoundProvider, Installed, PrefixState
from pybuild.model.plan import PackagePlan
from pybuild.model.recipe import Check, Option, Recipe, Release
from pybuild.model.rules import Rule, When
from pybuild.plan import key as keys_module
from pybuild.plan.key import canonical, digest, keys
from pybuild.plan.resolve import World
from tests.plan.worlds import (
    COMPILER,
    MPI,
    held,
    installed,
    interpreter,
    machine,
    no_prefix,
    plan,
    prefix,
    release,
    sha,
    site,
    user_of_mpi,
    wheel_recipe,
    world,
)

RULE = Rule(
    name="r", when=When(virtual="mpi"), env=(("MPICH_CC", "${{ compiler.cc }}"),), reason="so", source="man"
)
THING = user_of_mpi(
    "thing",
    "1.0",
    requirements=replace(user_of_mpi().requirements, build=("tool",)),
    options=(Option(name="exe", summary="x"),),
)
TOOL = wheel_recipe("tool", "2.0")
BASE = world(THING, TOOL, site=site(rules=(RULE,)))


def thing(here: World, spec: str = "thing") -> PackagePlan:
    return plan(here, spec).packages[-1]


def with_recipe(changed: Recipe) -> World:
    return replace(BASE, recipes={**BASE.recipes, changed.name: changed})


def with_build(**changes: object) -> World:
    return with_recipe(replace(THING, build=replace(THING.build, **changes)))  # type: ignore[arg-type]


def with_provider(found: FoundProvider) -> World:
    rest = [p for p in BASE.machine.providers if p.virtual != found.virtual]
    return replace(BASE, machine=replace(BASE.machine, providers=(*rest, found)))


def moved(found: FoundProvider, field: str, value: str) -> FoundProvider:
    return replace(found, fields=tuple((n, value if n == field else v) for n, v in found.fields))


def other_tool() -> World:
    wheels = (("tool-2.0-py3-none-any.whl", sha("d")),)
    return with_recipe(replace(TOOL, releases=(Release(version="2.0", wheels=wheels),)))


CHANGES: dict[str, Callable[[], World]] = {
    "source hash": lambda: with_recipe(replace(THING, releases=(release("1.0", sha256=sha("b")),))),
    "version": lambda: with_recipe(replace(THING, releases=(release("1.1"),))),
    "source file name": lambda: with_recipe(replace(THING, releases=(release("1.0", file="x.zip"),))),
    "build argument": lambda: with_build(args=("--other",)),
    "install argument": lambda: with_build(install_args=("--other",)),
    "build system": lambda: with_build(system="python"),
    "build variable": lambda: with_build(env=(("MPICC", "${{ mpi.cc }}"),)),
    "build variable's value is empty": lambda: with_build(env=(("MPICC", ""),)),
    "build requirement": other_tool,
    "rule": lambda: replace(BASE, site=site(rules=())),
    "rule's value": lambda: replace(BASE, site=site(rules=(replace(RULE, env=(("MPICH_CC", "x"),)),))),
    "path of the site": lambda: replace(BASE, site=site(rules=(RULE,), path=("/opt/bin",))),
    "site": lambda: replace(BASE, site=site(rules=(RULE,), name="there")),
    "platform": lambda: replace(BASE, machine=replace(BASE.machine, subdir="linux-aarch64")),
    "compiler's identity": lambda: with_provider(replace(COMPILER, identity="gcc 13.1.0")),
    "MPI's identity": lambda: with_provider(replace(MPI, identity="another")),
    "MPI's wrapper": lambda: with_provider(moved(MPI, "cc", "/opt/mpicc")),
    "MPI's flag": lambda: with_provider(moved(MPI, "shared", "-dynamic")),
    "Python": lambda: replace(BASE, state=prefix(python="3.11.8")),
    "Python's build": lambda: replace(
        BASE,
        state=PrefixState(
            path="/p", exists=True, python="3.11.7",
            packages=(Installed(name="python", version="3.11.7", build="h1_1"),),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_the_key_changes_with(what: str) -> None:
    """One changed input is enough; two builds that may differ never share a key."""
    here = CHANGES[what]()
    here = replace(here, recipes={**here.recipes, "build": wheel_recipe("build")})
    assert thing(here).key != thing(BASE).key


def test_the_key_changes_with_an_option() -> None:
    """Even where no override acts on it: the option may mean something to a later release of the recipe."""
    assert thing(BASE, "thing[exe]").key != thing(BASE).key


def test_the_key_changes_with_the_engines_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raising FORMAT leaves every package of an older engine behind."""
    before = thing(BASE).key
    monkeypatch.setattr(keys_module, "FORMAT", keys_module.FORMAT + 1)
    assert thing(BASE).key != before


SAME: dict[str, Callable[[], World]] = {
    "where the prefix is": lambda: replace(BASE, state=prefix(path="/somewhere/else")),
    "what else is in the prefix": lambda: replace(BASE, state=prefix(installed("numpy", "2.0", key=None))),
    "what the user exported": lambda: replace(
        BASE, machine=replace(BASE.machine, environment=(("TMPDIR", "/scratch"), ("LANG", "C")))
    ),
    "where the compiler lies": lambda: with_provider(moved(COMPILER, "cc", "/opt/gcc/bin/gcc")),
    "the C++ compiler's place": lambda: with_provider(moved(COMPILER, "cxx", "/opt/gcc/bin/g++")),
    "an interpreter nobody uses": lambda: replace(
        BASE, machine=replace(BASE.machine, interpreters=(interpreter("3.13.0"),))
    ),
    "newer C libraries": lambda: replace(
        BASE, machine=replace(BASE.machine, platforms=("manylinux_2_99_x86_64", *BASE.machine.platforms))
    ),
    "the recipe's words": lambda: with_recipe(
        replace(THING, about=replace(THING.about, summary="other"), text="# other", directory="/d")
    ),
    "the recipe's tests": lambda: with_recipe(replace(THING, tests=(Check(imports=("other",)),))),
    "an older release of the recipe": lambda: with_recipe(
        replace(THING, releases=(*THING.releases, release("0.9")))
    ),
    "the words of a rule": lambda: replace(BASE, site=site(rules=(replace(RULE, reason="?", name="?"),))),
    "the site's launcher and summary": lambda: replace(
        BASE, site=site(rules=(RULE,), summary="?", verify="built", text="?", channels=("c",))
    ),
    "where the source comes from": lambda: with_recipe(
        replace(THING, source=replace(THING.source, pypi=None, url="https://m.example/thing-1.0.tar.gz"))
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_the_key_does_not_change_with(what: str) -> None:
    """What cannot change the result must not cost a build."""
    assert thing(SAME[what]()).key == thing(BASE).key


@pytest.mark.parametrize(("host", "beside"), [(None, True), (("user",), True), ((), False)])
def test_what_is_needed_only_where_it_runs(host: tuple[str, ...] | None, beside: bool) -> None:
    """``host`` decides: then neither does the build wait for it, nor is its version part of the key."""
    needs = replace(THING.requirements, run=("user",), host=host)
    plans = [
        plan(world(replace(THING, requirements=needs), user_of_mpi("user", version), TOOL), "thing").packages
        for version in ("1.0", "1.1")
    ]
    old, new = (packages[-1] for packages in plans)
    assert [package.name for package in plans[0]] == ["user", "thing"]
    assert any(text.startswith("user") for text in old.depends)
    assert old.build is not None
    assert ("user" in old.build.host) is beside
    assert (old.key != new.key) is beside


def test_the_inputs_hold_no_place_of_this_machine() -> None:
    """Neither the prefix nor the compiler's path nor what the user exported; tokens stand for the rest."""
    here = replace(BASE, machine=replace(BASE.machine, environment=(("TMPDIR", "/scratch/me"),)))
    build = thing(here).build
    assert build is not None
    assert not any(place in build.inputs for place in (here.state.path, "/usr/bin/gcc", "/scratch/me"))
    assert "${{ overlay }}" in build.inputs


def test_the_key_is_the_digest_of_the_inputs_that_are_recorded() -> None:
    """So that two packages can be compared, and a difference explained."""
    package = thing(BASE)
    assert package.build is not None
    assert digest(package.build.inputs) == package.key
    assert package.build_string == f"py311_here_h{package.key}_0"


def test_a_wheels_key_depends_on_the_minor_python_only() -> None:
    """A wheel is unpacked, not compiled: the same package serves 3.11.7 and 3.11.8, not 3.12."""
    here = world(wheel_recipe("pure"))
    key = thing(here, "pure").key
    assert thing(replace(here, state=prefix(python="3.11.8")), "pure").key == key
    assert thing(replace(here, state=prefix(python="3.12.1")), "pure").key != key
    assert thing(replace(here, machine=machine(providers=())), "pure").key == key


def test_the_loose_key_is_equal_across_compilers_and_nothing_else() -> None:
    """A machine without a compiler finds what any compiler built, but not for another MPI."""
    loose = thing(BASE).loose_key
    assert thing(with_provider(replace(COMPILER, identity="clang 19"))).loose_key == loose
    bare = replace(BASE, machine=replace(BASE.machine, providers=(MPI,)))
    key = thing(BASE).key
    (package,) = plan(bare, "thing", held=(held("thing", "1.0", key=key, loose_key=loose),)).packages
    assert (package.action, package.loose_key, package.key) == ("channel", loose, key)
    assert thing(with_provider(replace(MPI, identity="other"))).loose_key != loose


def test_the_key_of_a_new_prefixs_python_is_its_identity() -> None:
    """Another binary is another package; the path in the prefix's name does not matter."""

    def python(identity: str, path: str) -> str:
        here = world(wheel_recipe("pip"), state=no_prefix(path), machine=machine(interpreters=(interpreter(identity=identity),)))  # fmt: skip  # noqa: E501
        return next(p.key for p in plan(here, "pip").packages if p.name == "python")

    assert python("a", "/one") == python("a", "/two")
    assert python("a", "/one") != python("b", "/one")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def shuffled(value: object, order: Callable[[list[str]], list[str]]) -> object:
    if isinstance(value, dict):
        return {name: shuffled(value[name], order) for name in order(list(value))}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_the_order_of_a_mapping_never_matters(inputs: dict[str, object]) -> None:
    """At any depth: the same data in another order is the same text and key."""
    again = shuffled(inputs, lambda names: names[::-1])
    assert isinstance(again, dict)
    assert keys(inputs) == keys(again)


@given(VALUES, VALUES)
def test_different_inputs_have_different_texts(one: object, two: object) -> None:
    """The canonical text can be read back, so nothing is lost in it."""
    assert (canonical({"x": one}) == canonical({"x": two})) == (json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True))  # fmt: skip  # noqa: E501


def test_the_canonical_text_is_one_line_of_ascii() -> None:
    """It stands in a record and in messages."""
    text = canonical({"b": "ä\n", "a": ("x", 1)})
    assert text == '{"a":["x",1],"b":"\\u00e4\\n","format":' + str(keys_module.FORMAT) + "}"
