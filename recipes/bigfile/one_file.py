"""Check that all ranks write one BigFile together and read back what another rank wrote.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
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


def candidates():
    """Return folders that may be seen by all ranks; the prefix itself comes last."""
    here = os.getcwd()
    others = [os.environ.get("SCRATCH"), tempfile.gettempdir(), os.environ.get("HOME"), sys.prefix]
    folders = [here] if os.path.realpath(here) != os.path.realpath(sys.prefix) else []
    return folders + [folder for folder in others if folder]


def make_folder(parent):
    """Return a new folder in ``parent``, None where nothing can be made."""
    try:
        return tempfile.mkdtemp(prefix="pybuild-bigfile-", dir=parent)
    except OSError:
        return None


def is_seen(folder):
    """Return whether this rank sees the folder; a network file system may need a moment."""
    for _ in range(20):
        if os.path.isdir(folder):
            return True
        time.sleep(0.1)
    return False


def shared_folder(comm):
    """Return a new folder that every rank sees; the candidates are those of rank 0."""
    is_first = comm.Get_rank() == 0
    for parent in comm.bcast(candidates() if is_first else None):
        folder = comm.bcast(make_folder(parent) if is_first else None)
        if folder and all(comm.allgather(is_seen(folder))):
            return folder
        if folder and is_first:
            shutil.rmtree(folder)
    raise RuntimeError("no folder is seen by all ranks and can be written to")


def write_and_read(comm, path):
    """Write one block, each rank its own part, and read all of it on every rank."""
    import bigfile
    import numpy as np

    rank, count = comm.Get_rank(), 1000
    mine = np.arange(rank * count, (rank + 1) * count, dtype="i8")
    with bigfile.FileMPI(comm, path, create=True) as file:
        file.create_from_array("numbers", mine, Nfile=2)
    comm.Barrier()
    with bigfile.FileMPI(comm, path) as file, file["numbers"] as block:
        found = block[:].tolist()
    check(found == list(range(comm.Get_size() * count)), "the file does not hold what the ranks wrote")
    comm.Barrier()


def use(comm):
    """Do both in a folder that is gone afterwards."""
    folder = shared_folder(comm)
    try:
        write_and_read(comm, os.path.join(folder, "file"))
    finally:
        # Ranks that failed end the whole job, so nobody still uses the file when rank 0 comes here.
        if comm.Get_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)


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
        print(f"one_file: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
