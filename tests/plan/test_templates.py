"""Fields are filled in, late tokens stay for the executor, all else is an error that lists the fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybuild.errors import PlanError
from pybuild.model.plan import LATE
from pybuild.plan.templates import fill, fill_all, late

FIELDS = {
    "mpi.cc": "/usr/bin/mpicc",
    "mpi.shared": "",
    "mpi.lib": "${{ prefix }}/lib",
    "hdf5[mpi].root": "/h5",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ mpi.cc }}", "/usr/bin/mpicc"),
        ("${{mpi.cc}}", "/usr/bin/mpicc"),
        ("--mpicc=${{ mpi.cc }} ${{ mpi.shared }}", "--mpicc=/usr/bin/mpicc"),
        ("${{ mpi.cc }}:${{ mpi.cc }}", "/usr/bin/mpicc:/usr/bin/mpicc"),
        ("${{ mpi.lib }}", "${{ prefix }}/lib"),
        ("${{ hdf5[mpi].root }}/include", "/h5/include"),
        ("$HOME ${mpi.cc} {{ mpi.cc }}", "$HOME ${mpi.cc} {{ mpi.cc }}"),
        ("", ""),
    ],
)
def test_known_fields_are_filled_in(text: str, expected: str) -> None:
    """Only the form with three braces is a template; white space that an empty field leaves is gone."""
    assert fill(text, FIELDS, where="x") == expected


@pytest.mark.parametrize("token", LATE)
def test_late_tokens_stay(token: str) -> None:
    """The executor and the script fill them in, each in its own way."""
    assert fill(f"a${{{{{token}}}}}b", {}, where="x") == f"a${{{{ {token} }}}}b"
    assert late(f"a${{{{ {token} }}}}b", {token: "V"}) == "aVb"


def test_an_unknown_field_lists_the_known_ones() -> None:
    """The message names the file's key and the field, the hint every name that would do."""
    with pytest.raises(PlanError) as caught:
        fill("${{ mpi.ccc }}", FIELDS, where="recipe thing: build.env.MPICC")
    assert caught.value.message == "recipe thing: build.env.MPICC: nothing provides the field 'mpi.ccc'"
    assert all(name in str(caught.value.hint) for name in (*FIELDS, *LATE))


def test_texts_that_become_empty_are_dropped() -> None:
    """An empty argument would be passed to the command as one."""
    assert fill_all(("${{ mpi.shared }}", "a", " ${{ mpi.cc }} "), FIELDS, where="x") == (
        "a",
        "/usr/bin/mpicc",
    )


def test_a_late_token_without_a_value_stays() -> None:
    """So that what is not known yet is seen, not lost."""
    assert late("${{ prefix }}/${{ jobs }}", {"jobs": "4"}) == "${{ prefix }}/4"


@given(st.text(alphabet="${}\\\"' \nab1.", max_size=30))
def test_values_are_never_read_as_patterns(value: str) -> None:
    """Backslashes and group references of a value come out as they went in."""
    assert late("<${{ prefix }}>", {"prefix": value}) == f"<{value}>"
    assert fill("<${{ mpi.cc }}>", {"mpi.cc": value}, where="x") == f"<{value}>"
