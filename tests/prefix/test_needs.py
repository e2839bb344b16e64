"""What leaves a prefix must be needed by nobody who stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.prefix.needs import demand_unneeded
from tests.prefix.prefixes import add_record, make_prefix, noted


def prefix_of_three(tmp_path: Path) -> Path:
    """Return a prefix where h5py needs numpy, and both need python."""
    prefix = make_prefix(tmp_path / "p", python=None)
    noted(prefix, name="python", version="3.11.7")
    noted(prefix, name="numpy", depends=["python >=3.11,<3.12"])
    noted(prefix, name="h5py", depends=["numpy >=1.2", "python"], identity=[["mpi", "mpich 4.2"]])
    noted(prefix, name="mpich")
    return prefix


@pytest.mark.parametrize(
    ("names", "reason", "hint"),
    [
        (["numpy"], "h5py is installed and needs numpy >=1.2", "numpy h5py"),
        (["mpich"], "mpich is the mpi that h5py was built against", "mpich h5py"),
        (["python"], "h5py is installed and needs python", "python h5py numpy"),
        (["python", "h5py"], "numpy is installed and needs python >=3.11,<3.12", "python h5py numpy"),
    ],
)
def test_what_another_of_ours_needs_does_not_go_alone(
    tmp_path: Path, names: list[str], reason: str, hint: str
) -> None:
    """The hint is a command that names everything that would have to go along."""
    prefix = prefix_of_three(tmp_path)
    with pytest.raises(PrefixError) as caught:
        demand_unneeded(prefix, names)
    assert caught.value.message == reason
    assert caught.value.hint == f"pybuild uninstall {hint} -p {prefix}"
    demand_unneeded(prefix, hint.split())


def test_what_a_package_of_condas_needs_stays(tmp_path: Path) -> None:
    """Such a package is removed by conda, so the hint has two commands."""
    prefix = prefix_of_three(tmp_path)
    record = add_record(prefix, "pandas-2.0-h1_0")
    record.write_text(json.dumps({**json.loads(record.read_text()), "depends": ["h5py >=3"]}))
    with pytest.raises(PrefixError) as caught:
        demand_unneeded(prefix, ["numpy", "h5py"])
    assert caught.value.message == "pandas, which pybuild did not install, needs h5py >=3"
    assert caught.value.hint == (
        f"conda remove -p {prefix} pandas, then pybuild uninstall numpy h5py -p {prefix}"
    )


def test_what_nobody_needs_or_conda_already_removed_may_go(tmp_path: Path) -> None:
    """Whoever has only a note left of numpy, because conda replaced it, can tidy that up."""
    prefix = prefix_of_three(tmp_path)
    demand_unneeded(prefix, ["h5py"])
    (prefix / "conda-meta" / "numpy-1.0-py311_here_habc_0.json").unlink()
    demand_unneeded(prefix, ["numpy"])
