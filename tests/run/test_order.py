"""The order of builds, against the plain definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pybuild.run.order import spoilt, ways


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Draw needs without circles: each name may need those before it."""
    names = [f"p{number}" for number in range(draw(st.integers(1, 8)))]
    return {
        name: tuple(draw(st.sets(st.sampled_from(names[:index])))) if index else ()
        for index, name in enumerate(names)
    }


def paths(needs: dict[str, tuple[str, ...]], start: str) -> list[list[str]]:
    """Return every way upwards from ``start``."""
    above = [name for name, before in needs.items() if start in before]
    return [[start, *path] for name in above for path in paths(needs, name)] or [[start]]


@given(needs=graphs(), seconds=st.lists(st.integers(1, 9), min_size=8, max_size=8))
def test_a_way_is_the_longest_path_to_an_end(needs: dict[str, tuple[str, ...]], seconds: list[int]) -> None:
    """Counted by walking every path."""
    times = dict(zip(needs, map(float, seconds), strict=False))
    found = ways(needs, times)
    for name in needs:
        assert found[name] == max(sum(times[one] for one in path) for path in paths(needs, name))


@given(needs=graphs(), data=st.data())
def test_what_is_spoilt_is_what_a_path_leads_to(
    needs: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    """And nothing else."""
    failed = data.draw(st.sampled_from(sorted(needs)))
    reached = {name for path in paths(needs, failed) for name in path} - {failed}
    assert set(spoilt(needs, failed)) == reached
