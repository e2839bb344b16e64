"""Each package comes after what it needs, and a circle is walked in full."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybuild.errors import PlanError
from pybuild.plan.order import in_order


def test_needs_come_first_and_the_given_order_stays() -> None:
    """What does not depend on each other keeps its place; what is needed twice stands once."""
    assert in_order(["c", "a", "b"], {"c": ["x"], "a": ["x", "y"]}) == ["x", "c", "y", "a", "b"]


@pytest.mark.parametrize(
    ("needs", "walk"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "b -> c -> b"),
    ],
)
def test_a_circle_is_named_in_full(needs: dict[str, list[str]], walk: str) -> None:
    """The walk begins and ends with the same package and holds none that merely leads to it."""
    with pytest.raises(PlanError, match=f"in a circle: {walk}$"):
        in_order(["a"], needs)


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda e: e[0] > e[1])), st.randoms())
def test_any_graph_without_a_circle_is_ordered(edges: set[tuple[int, int]], random: object) -> None:
    """Whatever the graph: all nodes once, each after its needs."""
    needs: dict[str, list[str]] = {}
    for high, low in sorted(edges):
        needs.setdefault(str(high), []).append(str(low))
    order = in_order([str(n) for n in range(8, -1, -1)], needs)
    assert sorted(order) == [str(n) for n in range(9)]
    assert all(order.index(low) < order.index(high) for high, lows in needs.items() for low in lows)
