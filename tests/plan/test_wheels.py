"""The wheel that fits a Python and a machine best is chosen, for every Python that pybuild knows."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.recipe import Recipe, Release
from pybuild.plan.wheels import choose_wheel, supported_tags
from tests.plan.worlds import PLATFORMS, recipe, sha, wheel_recipe

PYTHONS = ("2.7.18", "3.6.15", "3.7.17", "3.8.18", "3.9.2", "3.10.14", "3.11.7", "3.12.3", "3.13.0", "3.14.1")


def of(*files: str) -> Recipe:
    wheels = tuple((file, sha(f"{number:x}")) for number, file in enumerate(files))
    return recipe("thing", Release(version="1.0", wheels=wheels))


def chosen(made: Recipe, python: str, platforms: tuple[str, ...] = PLATFORMS) -> str:
    return choose_wheel(made, made.releases[0], python=python, platforms=platforms).file


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_takes_its_own_wheel(python: str) -> None:
    """cp310 is not cp31; up to 3.7 the ABI has an m, Python 2 an mu; the pure wheel is the last resort."""
    number = "".join(python.split(".")[:2])
    abi = {"27": "cp27mu", "36": "cp36m", "37": "cp37m"}.get(number, f"cp{number}")
    own = f"thing-1.0-cp{number}-{abi}-manylinux2014_x86_64.whl"
    others = [f"thing-1.0-cp{n}-cp{n}-manylinux2014_x86_64.whl" for n in ("31", "39", "312") if n != number]
    assert chosen(of("thing-1.0-py2.py3-none-any.whl", *others, own), python) == own
    assert (
        chosen(of(*[o for o in others if "cp39" not in o], "thing-1.0-py2.py3-none-any.whl"), python) != own
    )


def test_a_compiled_wheel_is_preferred_to_a_pure_one_in_any_order() -> None:
    """The order in the recipe does not matter: a compiled Cython is many times faster."""
    pure, compiled = "thing-1.0-py3-none-any.whl", "thing-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
    assert chosen(of(pure, compiled), "3.11.7") == compiled
    assert chosen(of(compiled, pure), "3.11.7") == compiled
    assert chosen(of(compiled, pure), "3.12.0") == pure


def test_the_best_platform_comes_first() -> None:
    """Of two wheels for one Python the one for the newer C library is taken."""
    old, new = (f"thing-1.0-cp311-cp311-{p}_x86_64.whl" for p in ("manylinux2014", "manylinux_2_28"))
    assert chosen(of(old, new), "3.11.7") == new


def test_compressed_tags_and_the_stable_abi_count() -> None:
    """A file name may name several platforms, and abi3 serves every later Python."""
    several = "thing-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    stable = "thing-1.0-cp38-abi3-manylinux2014_x86_64.whl"
    assert chosen(of(several), "3.11.7") == several
    assert chosen(of(stable), "3.13.0") == stable
    with pytest.raises(PlanError):
        chosen(of(stable), "3.7.0")


@pytest.mark.parametrize(
    "file",
    [
        "thing-1.0-py2-none-any.whl",
        "thing-1.0-cp311-cp311-manylinux2014_aarch64.whl",
        "thing-1.0-cp311-cp311-manylinux_2_99_x86_64.whl",
        "thing-1.0-cp311-cp311-win_amd64.whl",
        "thing-1.0-cp313-cp313t-manylinux2014_x86_64.whl",
    ],
)
def test_nothing_fits(file: str) -> None:
    """The message names the Python, the platform and what there is instead."""
    with pytest.raises(PlanError) as caught:
        chosen(of(file), "3.11.7")
    assert "Python 3.11.7 on manylinux_2_31_x86_64" in caught.value.message
    assert file in caught.value.message


def test_a_python_2_wheel_is_not_for_python_3_and_the_other_way_round() -> None:
    """py2.py3 is for both."""
    tags = {str(tag) for tag in supported_tags("2.7.18", PLATFORMS)}
    assert {"py2-none-any", "cp27-cp27mu-manylinux2014_x86_64"} <= tags
    assert "py3-none-any" not in tags
    assert "py3-none-any" in {str(tag) for tag in supported_tags("3.14.0", PLATFORMS)}


def test_the_download_carries_the_hash_of_the_file_that_was_chosen() -> None:
    """A wheel's hash and the index project go with its name."""
    made = of("thing-1.0-py2-none-any.whl", "thing-1.0-py3-none-any.whl")
    download = choose_wheel(made, made.releases[0], python="3.11.7", platforms=PLATFORMS)
    assert (download.file, download.sha256, download.pypi) == (
        "thing-1.0-py3-none-any.whl",
        sha("1"),
        "thing",
    )


def test_what_is_no_wheel_is_an_error() -> None:
    """A file name that cannot be read is named."""
    with pytest.raises(PlanError, match=r"thing-1\.0\.zip: not the name of a wheel"):
        chosen(of("thing-1.0.zip"), "3.11.7")


def test_wheel_recipe_of_the_helpers_fits() -> None:
    """The helper that the other tests build on makes a wheel for every Python 3."""
    assert chosen(wheel_recipe("a-b"), "3.6.1") == "a_b-1.0-py3-none-any.whl"
