"""A stack of eight recipes that are built from source upon the machine's MPI and parallel HDF5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.h5py.conftest import VERSION, Cluster

SPECS = (
    "mpi4py", f"h5py=={VERSION}", "netcdf-c[mpi]==4.9.3", "netcdf4", "mpsort", "bigfile", "kdcount",
    "sharedmem",
)  # fmt: skip
NAMES = tuple(spec.partition("==")[0].partition("[")[0] for spec in SPECS)
HIGHEST = {
    "mpi4py": "ranked", "h5py": "ranked", "netcdf-c": "ranked", "netcdf4": "ranked", "mpsort": "ranked",
    "bigfile": "ranked", "kdcount": "imported", "sharedmem": "imported",
}  # fmt: skip
"""The level that the checks of each recipe lead to."""


def home_beside(cluster: Cluster, letter: str) -> Path:
    """Make a user's folder beside the cluster's, with a name of the same length.

    A host prefix's path is filled up to a fixed length. Where caches of equally long names hold the stages,
    compilers are called with the same words, and the compiler cache serves what was compiled for other tests.
    """
    home = cluster.folder.with_name(letter * len(cluster.folder.name))
    home.mkdir()
    return home


def configure(cluster: Cluster, home: Path, channel: Path, **changes: Any) -> None:
    """Write a user's configuration, and the cluster's site file once more with other values of some keys."""
    data = yaml.safe_load((cluster.folder / "cluster.yaml").read_text())
    (home / "sites").mkdir()
    (home / "sites/cluster.yaml").write_text(yaml.safe_dump(data | changes, sort_keys=False))
    places = {"cache": home / "cache", "channel": channel}
    settings = {"site": "cluster", "sites": [str(home / "sites")], **{k: str(v) for k, v in places.items()}}
    (home / "config.yaml").write_text(json.dumps(settings))


def levels(prefix: Path) -> dict[str, str]:
    """Return the level that each of the eight has reached in a prefix."""
    notes = {name: prefix / f"conda-meta/pybuild/{name}.json" for name in NAMES}
    return {name: json.loads(note.read_text())["level"] for name, note in notes.items()}


def built_once(channel: Path) -> bool:
    """Return whether a channel has exactly one package of each of the eight."""
    return all(len(list(channel.glob(f"linux-*/{name}-[0-9]*.conda"))) == 1 for name in NAMES)
