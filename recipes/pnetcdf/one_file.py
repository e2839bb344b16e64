"""Check that all ranks write one netCDF file together and read it back, through PnetCDF.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# The prefix's Python runs this, and it may be an old one; stdout is where the checks look for the report.
# ruff: noqa: T201, UP031

import json
import os
import shutil
import sys
import tempfile
import time

import numpy as np

COLUMNS = 1000


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
        return tempfile.mkdtemp(prefix="pybuild-pnetcdf-", dir=parent)
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
    tried = []
    for parent in comm.bcast(candidates() if comm.Get_rank() == 0 else None):
        folder = comm.bcast(make_folder(parent) if comm.Get_rank() == 0 else None)
        if folder and all(comm.allgather(is_seen(folder))):
            return folder
        if folder and comm.Get_rank() == 0:
            shutil.rmtree(folder)
        tried.append(parent)
    raise RuntimeError("no folder is seen by all ranks and can be written to, tried %s" % ", ".join(tried))


def row(rank):
    """Return what the rank writes: no two ranks have a number in common."""
    return [rank * COLUMNS + column for column in range(COLUMNS)]


def write(pnetcdf, comm, path):
    """Write one variable, each rank its own row, in one collective call."""
    file = pnetcdf.File(filename=path, mode="w", format="NC_64BIT_DATA", comm=comm)
    file.def_dim("rank", comm.Get_size())
    file.def_dim("column", COLUMNS)
    data = file.def_var("rows", pnetcdf.NC_INT64, ("rank", "column"))
    file.enddef()
    own = np.array([row(comm.Get_rank())], dtype="i8")
    data.put_var_all(own, start=[comm.Get_rank(), 0], count=[1, COLUMNS])
    file.close()


def rows(pnetcdf, comm, path, start, count):
    """Return some rows, read by all ranks of the communicator together."""
    file = pnetcdf.File(filename=path, mode="r", comm=comm)
    found = file.variables["rows"].get_var_all(start=[start, 0], count=[count, COLUMNS])
    file.close()
    return found.tolist()


def read(pnetcdf, comm, alone, path):
    """Check the row of the next rank, and on rank 0 all rows, read by that rank for itself."""
    neighbour = (comm.Get_rank() + 1) % comm.Get_size()
    found = rows(pnetcdf, comm, path, neighbour, 1)[0]
    check(found == row(neighbour), "rank %d reads other numbers than %d wrote" % (comm.Get_rank(), neighbour))
    if comm.Get_rank() == 0:
        everything = rows(pnetcdf, alone, path, 0, comm.Get_size())
        expected = [row(rank) for rank in range(comm.Get_size())]
        check(everything == expected, "the file does not hold what the ranks wrote")
    comm.Barrier()


def write_and_read(pnetcdf, comm, alone):
    """Do both in a folder that is gone afterwards."""
    folder = shared_folder(comm)
    try:
        path = os.path.join(folder, "rows.nc")
        write(pnetcdf, comm, path)
        read(pnetcdf, comm, alone, path)
    finally:
        # Ranks that failed end the whole job, so nobody still uses the file when rank 0 comes here.
        if comm.Get_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)


def agree(pnetcdf, comm, alone, library, expected):
    """Run all checks; return what rank 0 reports."""
    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        "rank %d sees %d rank(s), the launcher was asked for %d: "
        "the launcher and mpi4py do not belong to the same MPI" % (rank, size, expected),
    )
    ranks = comm.allgather(rank)
    write_and_read(pnetcdf, comm, alone)
    return {"size": size, "ranks": ranks, "library": library}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print("PYBUILD_RANKS is %r, expected the number of ranks" % text, file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        import pnetcdf

        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(pnetcdf, comm, MPI.COMM_SELF, MPI.Get_library_version().strip().strip("\0"), int(text))
    except Exception as error:
        print("one_file: %s" % error, file=sys.stderr)
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
