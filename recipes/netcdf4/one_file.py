"""Check that all ranks write one netCDF file together and read it back, from Python 3.7 to 3.14.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "...", "netcdf": "4.9.3"}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# The prefix's Python runs this, and it may be 3.7; stdout is where the checks look for the report.
# ruff: noqa: T201, UP031

import json
import os
import shutil
import sys
import tempfile
import time

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
        return tempfile.mkdtemp(prefix="pybuild-netcdf4-", dir=parent)
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


def write(netcdf4, comm, path):
    """Write one variable, each rank its own row, in one collective call."""
    with netcdf4.Dataset(path, "w", format="NETCDF4", parallel=True, comm=comm) as file:
        file.createDimension("rank", comm.Get_size())
        file.createDimension("column", COLUMNS)
        data = file.createVariable("rows", "i8", ("rank", "column"))
        data.set_collective(True)
        data[comm.Get_rank(), :] = row(comm.Get_rank())


def read(netcdf4, comm, path):
    """Check the row of the next rank, and on rank 0 all rows, read without MPI."""
    neighbour = (comm.Get_rank() + 1) % comm.Get_size()
    with netcdf4.Dataset(path, "r", parallel=True, comm=comm) as file:
        data = file["rows"]
        data.set_collective(True)
        found = data[neighbour, :].tolist()
    check(found == row(neighbour), "rank %d reads other numbers than %d wrote" % (comm.Get_rank(), neighbour))
    if comm.Get_rank() == 0:
        with netcdf4.Dataset(path, "r") as file:
            everything = file["rows"][...].tolist()
        expected = [row(rank) for rank in range(comm.Get_size())]
        check(everything == expected, "the file does not hold what the ranks wrote")
    comm.Barrier()


def write_and_read(netcdf4, comm):
    """Do both in a folder that is gone afterwards."""
    folder = shared_folder(comm)
    try:
        path = os.path.join(folder, "rows.nc")
        write(netcdf4, comm, path)
        read(netcdf4, comm, path)
    finally:
        # Ranks that failed end the whole job, so nobody still uses the file when rank 0 comes here.
        if comm.Get_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)


def agree(netcdf4, comm, library, expected):
    """Run all checks; return what rank 0 reports."""
    rank, size = comm.Get_rank(), comm.Get_size()
    check(
        size == expected,
        "rank %d sees %d rank(s), the launcher was asked for %d: "
        "the launcher and mpi4py do not belong to the same MPI" % (rank, size, expected),
    )
    check(
        netcdf4.__has_parallel4_support__,
        "netCDF4 was built without MPI, so ranks cannot write one file together",
    )
    ranks = comm.allgather(rank)
    versions = comm.allgather(netcdf4.__netcdf4libversion__)
    check(len(set(versions)) == 1, "the ranks have different versions of netCDF: %r" % (versions,))
    write_and_read(netcdf4, comm)
    return {"size": size, "ranks": ranks, "library": library, "netcdf": versions[0]}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print("PYBUILD_RANKS is %r, expected the number of ranks" % text, file=sys.stderr)
        return 1

    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    try:
        import netCDF4 as netcdf4  # noqa: N813

        # Some libraries end the text with a newline, some with NUL bytes.
        report = agree(netcdf4, comm, MPI.Get_library_version().strip().strip("\0"), int(text))
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
