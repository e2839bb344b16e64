"""Requirements are taken apart as the index and pip read them; anything else is refused in one sentence."""

from __future__ import annotations

import pytest

from pybuild.errors import UsageError
from pybuild.plan.specs import parse_requirement, parse_spec


@pytest.mark.parametrize(
    ("text", "name", "options", "specifier"),
    [
        ("mpi4py", "mpi4py", (), ""),
        ("MPI4Py", "mpi4py", (), ""),
        ("my_Package.Name", "my-package-name", (), ""),
        ("mpi4py==3.1.6", "mpi4py", (), "==3.1.6"),
        ("mpi4py[exe] >=3, <4", "mpi4py", ("exe",), "<4,>=3"),
        ("h5py[serial,debug]", "h5py", ("debug", "serial"), ""),
    ],
)
def test_a_spec_is_a_name_options_and_versions(
    text: str, name: str, options: tuple[str, ...], specifier: str
) -> None:
    """The name is normalised, options are sorted (they are part of the key), the text stays as written."""
    spec = parse_spec(text)
    assert (spec.name, spec.options, spec.specifier, spec.text) == (name, options, specifier, text)


@pytest.mark.parametrize(
    "text", ["", "mpi4py=3", "mpi4py >", "mpi 4py", "../here", "-y", "mpi4py[exe", "a\nb"]
)
def test_what_is_no_requirement_is_a_usage_error(text: str) -> None:
    """The sentence repeats what was typed, on one line, and the hint shows what can be."""
    with pytest.raises(UsageError) as caught:
        parse_spec(text)
    assert repr(text) in caught.value.message
    assert "\n" not in caught.value.message
    assert "mpi4py==3.1.6" in str(caught.value.hint)


def test_an_address_is_refused() -> None:
    """A package comes from a recipe, whose bytes are known by hash."""
    with pytest.raises(UsageError, match="names an address"):
        parse_spec("mpi4py @ https://example.org/mpi4py.tar.gz")


@pytest.mark.parametrize("text", ['mpi4py; python_version<"3"', "mpi4py[exe]>=3 ; os_name == 'posix'"])
def test_a_condition_is_refused(text: str) -> None:
    """It would be passed over otherwise; the hint is what can be typed instead."""
    with pytest.raises(UsageError, match="has a condition") as caught:
        parse_spec(text)
    hint = str(caught.value.hint)
    assert parse_spec(hint.removeprefix("leave it out: ").strip("'")).name == "mpi4py"


@pytest.mark.parametrize(
    ("python", "needed"), [("3.10.14", True), ("3.11.0", False), ("3.9.2", True), ("2.7.18", True)]
)
def test_a_marker_is_read_for_the_target_python(python: str, needed: bool) -> None:
    """The target's Python counts, not the one that pybuild runs on (3.10 is not 3.1)."""
    spec = parse_requirement('tomli >=1.1.0; python_version < "3.11"', python)
    assert (spec is not None) is needed
