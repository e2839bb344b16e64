"""A build's environment is made from nothing, in a fixed order, each entry with its reason."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.plan import Edit
from pybuild.model.recipe import Build
from pybuild.model.rules import Rule, When
from pybuild.plan.environment import Circumstances, applied, build_environment
from pybuild.plan.rules import acting_rules
from tests.plan.worlds import machine, site

FIELDS = {"mpi.cc": "/usr/bin/mpicc", "compiler.cc": "/usr/bin/gcc"}
RULE = Rule(
    name="one-compiler",
    when=When(virtual="mpi"),
    env=(("MPICH_CC", "${{ compiler.cc }}"),),
    reason="so",
    source="man",
)


def edits(
    *rules: Rule, virtuals: tuple[str, ...] = ("mpi",), env: tuple[tuple[str, str], ...] = ()
) -> list[Edit]:
    here = site(rules=rules)
    acting = acting_rules(
        here, recipe="thing", providers=dict.fromkeys(virtuals, "wrapper"), target=None, python="3.11.7"
    )
    circumstances = Circumstances(recipe="thing", fields=FIELDS, site=here, rules=acting)
    return list(build_environment(Build(env=env), circumstances, machine(environment=(("TMPDIR", "/t"),))))


def test_what_every_build_gets() -> None:
    """What the site lets through and seven variables of our own; each says why."""
    made = edits()
    assert [edit.name for edit in made] == [
        "TMPDIR", "PATH", "PATH", "HOME", "LC_ALL",
        "PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE",
    ]  # fmt: skip
    assert all(edit.why for edit in made)
    assert applied(made, {})["PATH"] == "${{ overlay }}/bin:${{ host }}/bin:/usr/bin:/bin"


def test_a_rule_acts_only_where_its_virtual_is_needed() -> None:
    """And its reason is in the plan."""
    assert edits(RULE)[-1] == Edit(
        kind="set",
        name="MPICH_CC",
        value="/usr/bin/gcc",
        why="rule one-compiler: so",
        by="site here: rule one-compiler",
        source="man",
    )
    assert all(edit.name != "MPICH_CC" for edit in edits(RULE, virtuals=("compiler",)))
    always = Rule(name="always", env=(("A", "1"),), reason="so", source="man")
    assert edits(always, virtuals=())[-1].name == "A"


def test_the_recipe_has_the_last_word() -> None:
    """After the rules: a package that truly needs something else can say so."""
    made = applied(edits(RULE, env=(("MPICH_CC", "clang"), ("MPICC", "${{ mpi.cc }}"))), {})
    assert (made["MPICH_CC"], made["MPICC"]) == ("clang", "/usr/bin/mpicc")


@pytest.mark.parametrize(
    ("rules", "env", "where"),
    [
        ((), (("CC", "${{ no.cc }}"),), "recipe thing: build.env.CC"),
        ((Rule(name="r", env=(("CC", "${{ no.cc }}"),), reason="", source=""),), (), "site here: rule r.CC"),
    ],
)
def test_an_unknown_field_names_the_key(
    rules: tuple[Rule, ...], env: tuple[tuple[str, str], ...], where: str
) -> None:
    """The file and the variable that hold the template."""
    with pytest.raises(PlanError, match=where):
        edits(*rules, env=env)


def test_edits_are_applied_in_order_to_a_copy() -> None:
    """Set replaces, prepend puts before what is there, unset removes; what was given is not changed."""
    base = {"PATH": "/bin", "GONE": "1"}
    made = applied(
        [
            Edit(kind="prepend", name="PATH", value="/opt/bin"),
            Edit(kind="prepend", name="NEW", value="/n"),
            Edit(kind="unset", name="GONE"),
            Edit(kind="unset", name="NEVER"),
            Edit(kind="set", name="X", value="1"),
            Edit(kind="set", name="X", value="2"),
        ],
        base,
    )
    assert made == {"PATH": "/opt/bin:/bin", "NEW": "/n", "X": "2"}
    assert base == {"PATH": "/bin", "GONE": "1"}
