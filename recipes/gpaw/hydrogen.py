"""Check that GPAW computes a hydrogen molecule whose grid is spread over the ranks.

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
    """Compute the molecule, with each rank in charge of its own part of the grid, and compare the energy."""
    from ase import Atoms
    from gpaw import GPAW
    from gpaw.mpi import world

    check(world.size == comm.Get_size(), f"GPAW sees {world.size} rank(s)")
    molecule = Atoms("H2", [(2.0, 2.0, 1.63), (2.0, 2.0, 2.37)], cell=(4, 4, 4))
    molecule.calc = GPAW(mode="fd", xc="LDA", h=0.25, txt=None, convergence={"energy": 1e-4})
    energy = molecule.get_potential_energy()
    grid = molecule.calc.wfs.gd
    check(grid.comm.size == world.size, "one rank has the whole grid")
    energies = comm.allgather(float(energy))
    check(max(energies) - min(energies) < 1e-8, f"the ranks found different energies: {energies}")
    # What one rank finds alone.
    check(abs(energy + 6.066) < 0.01, f"the energy is {energy} eV, expected -6.066")


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
        print(f"hydrogen: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
