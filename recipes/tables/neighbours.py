"""Check that each rank of an MPI job writes a file with PyTables and reads what another wrote.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import shutil
import sys
import tempfile
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def write(tables, path, rank):
    """Write a file with one compressed array that is this rank's own."""
    with tables.open_file(path, "w") as file:
        values = [rank * 1000 + number for number in range(1000)]
        file.create_carray("/", "values", obj=values, filters=tables.Filters(complevel=5, complib="blosc2"))


def exchange(tables, comm):
    """Check that the file of the next rank holds that rank's numbers."""
    rank, size = comm.Get_rank(), comm.Get_size()
    # The ranks of this check run on one node, or in a folder that all nodes see.
    folder = comm.bcast(tempfile.mkdtemp(prefix="pybuild-tables-", dir=os.getcwd()) if rank == 0 else None)
    try:
        write(tables, os.path.join(folder, f"{rank}.h5"), rank)
        comm.Barrier()
        after = (rank + 1) % size
        with tables.open_file(os.path.join(folder, f"{after}.h5")) as file:
            found = [int(file.root.values[0]), int(file.root.values[999])]
        check(found == [after * 1000, after * 1000 + 999], f"rank {rank} reads {found} from rank {after}")
        comm.Barrier()
    finally:
        if rank == 0:
            shutil.rmtree(folder, ignore_errors=True)


def agree(comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    import tables

    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and mpi4py do not belong to the same MPI",
    )
    exchange(tables, comm)
    return {"size": size, "ranks": comm.allgather(rank), "library": library}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(comm, MPI.Get_library_version().strip().strip("\0"), int(text))
    except Exception as error:
        print(f"neighbours: {error}", file=sys.stderr)
        sys.stderr.flush()
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever in a collective call
        return 1
    if comm.Get_rank() == 0:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
