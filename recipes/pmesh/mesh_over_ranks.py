"""Check that particles of all ranks are painted on one mesh and survive a Fourier transform.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def use(comm):
    """Paint particles that lie anywhere, so that many belong to another rank, and transform both ways."""
    import numpy as np
    from pmesh.pm import ParticleMesh

    count, mesh = 100, ParticleMesh(Nmesh=[8, 8, 8], BoxSize=8.0, comm=comm, dtype="f8")
    places = np.random.RandomState(comm.Get_rank()).uniform(0, 8, size=(count, 3))
    layout = mesh.decompose(places)
    field = mesh.paint(places, layout=layout)
    check(field.value.size < 8**3, "one rank has the whole mesh")
    check(
        abs(field.csum() - count * comm.Get_size()) < 1e-6,
        "the mesh does not hold the particles of all ranks",
    )
    back = field.r2c().c2r()
    check(np.allclose(back.value, field.value), "the mesh does not come back from the transform")


def main():
    """Return the exit code."""
    expected = int(os.environ["PYBUILD_RANKS"])
    from mpi4py import MPI  # starts MPI

    comm = MPI.COMM_WORLD
    try:
        check(comm.Get_size() == expected, f"{comm.Get_size()} rank(s) found, expected {expected}")
        ranks = comm.allgather(comm.Get_rank())
        check(sorted(ranks) == list(range(expected)), f"ranks are not distinct: {ranks}")
        use(comm)
    except Exception as error:
        print(f"mesh_over_ranks: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever
        return 1
    if comm.Get_rank() == 0:
        library = MPI.Get_library_version().strip().strip("\0")
        print(json.dumps({"size": expected, "ranks": ranks, "library": library}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
