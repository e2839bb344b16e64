"""Check that all ranks write one netCDF file together and read it back, with the C library alone.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``, in a folder that all of them see.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import ctypes
import json
import os
import sys
import time

COLUMNS = 1000
NC_DOUBLE, NC_64BIT_DATA = 6, 0x20  # pnetcdf.h


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


class Library:
    """PnetCDF and the MPI that it links."""

    def __init__(self):
        path = os.path.join(sys.prefix, "lib", "libpnetcdf.so")
        self.handle = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        self.world = self.constant("ompi_mpi_comm_world", 0x44000000)
        self.no_info = self.constant("ompi_mpi_info_null", 0x1C000000)

    def constant(self, symbol, number):
        """Return a constant of MPI: an object's address in Open MPI, a number in MPICH and its kin."""
        try:
            return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(self.handle, symbol)))
        except ValueError:
            return ctypes.c_int(number)

    def call(self, name, *arguments):
        """Call a function that returns 0 where all is well."""
        code = getattr(self.handle, name)(*arguments)
        check(code == 0, f"{name} failed with code {code}")

    def integer(self, name, *arguments):
        """Return the integer that the function leaves behind its last argument."""
        result = ctypes.c_int()
        self.call(name, *arguments, ctypes.byref(result))
        return result.value

    def version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.call("MPI_Get_library_version", text, ctypes.byref(length))
        return text.value.decode().strip()


def row(rank):
    """Return what the rank writes: no two ranks have a number in common."""
    return [float(rank * COLUMNS + column) for column in range(COLUMNS)]


def slab(rank):
    """Return where a rank's row begins, and how large it is; MPI_Offset has 64 bits."""
    return (ctypes.c_int64 * 2)(rank, 0), (ctypes.c_int64 * 2)(1, COLUMNS)


def write(library, path, rank, size):
    """Write one variable, each rank its own row, in one collective call."""
    file = library.integer("ncmpi_create", library.world, path, NC_64BIT_DATA, library.no_info)
    across = library.integer("ncmpi_def_dim", file, b"rank", ctypes.c_int64(size))
    along = library.integer("ncmpi_def_dim", file, b"column", ctypes.c_int64(COLUMNS))
    shape = (ctypes.c_int * 2)(across, along)
    variable = library.integer("ncmpi_def_var", file, b"rows", NC_DOUBLE, 2, shape)
    library.call("ncmpi_enddef", file)
    numbers = (ctypes.c_double * COLUMNS)(*row(rank))
    library.call("ncmpi_put_vara_double_all", file, variable, *slab(rank), numbers)
    library.call("ncmpi_close", file)


def read(library, path, rank):
    """Return the row of a rank, read by all ranks together."""
    return _row(library, library.world, path, rank)


def read_alone(library, path, rank):
    """Return the row of a rank, read by each rank for itself."""
    return _row(library, library.constant("ompi_mpi_comm_self", 0x44000001), path, rank)


def _row(library, communicator, path, rank):
    found = (ctypes.c_double * COLUMNS)()
    file = library.integer("ncmpi_open", communicator, path, 0, library.no_info)
    variable = library.integer("ncmpi_inq_varid", file, b"rows")
    library.call("ncmpi_get_vara_double_all", file, variable, *slab(rank), found)
    library.call("ncmpi_close", file)
    return list(found)


def agree(library, expected):
    """Run all checks; return this rank and what rank 0 reports."""
    size = library.integer("MPI_Comm_size", library.world)
    rank = library.integer("MPI_Comm_rank", library.world)
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and PnetCDF do not belong to the same MPI",
    )
    path = os.path.join(os.getcwd(), "pybuild-pnetcdf-rows.nc").encode()
    try:
        write(library, path, rank, size)
        neighbour = (rank + 1) % size
        found = read(library, path, neighbour)
        check(found == row(neighbour), f"rank {rank} reads other numbers than {neighbour} wrote")
        library.call("MPI_Barrier", library.world)
        ranks = [int(read_alone(library, path, number)[0]) // COLUMNS for number in range(size)]
        library.call("MPI_Barrier", library.world)
    finally:
        # Ranks that failed end the whole job, so nobody still uses the file when rank 0 comes here.
        if rank == 0 and os.path.exists(path):
            os.remove(path)
    return rank, {"size": size, "ranks": ranks, "library": library.version()}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1
    library = None
    try:
        library = Library()
        library.call("MPI_Init", None, None)
        rank, report = agree(library, int(text))
        library.call("MPI_Finalize")
    except Exception as error:
        print(f"one_file: {error}", file=sys.stderr)
        sys.stderr.flush()
        time.sleep(0.5)  # some launchers drop what was said just before the end
        if library is not None and int(text) > 1:
            library.handle.MPI_Abort(library.world, 1)  # the others would wait for ever in a collective call
        return 1
    if rank == 0:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
