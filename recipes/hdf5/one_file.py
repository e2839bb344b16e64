"""Check that all ranks write one HDF5 file together and read it back, with the C library alone.

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
H5F_ACC_TRUNC, H5FD_MPIO_COLLECTIVE = 2, 1  # H5Fpublic.h, H5FDmpi.h
NONE = ctypes.c_int64(0)  # H5P_DEFAULT


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


class Library:
    """HDF5 and the MPI that it links."""

    def __init__(self):
        path = os.path.join(sys.prefix, "lib", "libhdf5.so")
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

    def identifier(self, name, *arguments):
        """Return the identifier that a function of HDF5 makes."""
        function = getattr(self.handle, name)
        function.restype = ctypes.c_int64
        found = function(*arguments)
        check(found >= 0, f"{name} failed with code {found}")
        return ctypes.c_int64(found)

    def property_list(self, kind):
        """Return a new list of properties."""
        return self.identifier("H5Pcreate", ctypes.c_int64.in_dll(self.handle, kind))

    @property
    def double(self):
        """The type of a number in double precision; the library must be open for it."""
        return ctypes.c_int64.in_dll(self.handle, "H5T_NATIVE_DOUBLE_g")

    def slab(self, whole, rank):
        """Return the space of one row in memory, and the whole with a rank's row selected."""
        start, count = (ctypes.c_uint64 * 2)(rank, 0), (ctypes.c_uint64 * 2)(1, COLUMNS)
        self.call("H5Sselect_hyperslab", whole, 0, start, None, count, None)
        return self.identifier("H5Screate_simple", 2, count, None), whole

    def version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.call("MPI_Get_library_version", text, ctypes.byref(length))
        return text.value.decode().strip()


def row(rank):
    """Return what the rank writes: no two ranks have a number in common."""
    return [float(rank * COLUMNS + column) for column in range(COLUMNS)]


def write(library, path, rank, size):
    """Write one data set, each rank its own row, in one collective call."""
    access = library.property_list("H5P_CLS_FILE_ACCESS_ID_g")
    library.call("H5Pset_fapl_mpio", access, library.world, library.no_info)
    file = library.identifier("H5Fcreate", path, ctypes.c_uint(H5F_ACC_TRUNC), NONE, access)
    whole = library.identifier("H5Screate_simple", 2, (ctypes.c_uint64 * 2)(size, COLUMNS), None)
    data = library.identifier("H5Dcreate2", file, b"rows", library.double, whole, NONE, NONE, NONE)
    together = library.property_list("H5P_CLS_DATASET_XFER_ID_g")
    library.call("H5Pset_dxpl_mpio", together, H5FD_MPIO_COLLECTIVE)
    numbers = (ctypes.c_double * COLUMNS)(*row(rank))
    library.call("H5Dwrite", data, library.double, *library.slab(whole, rank), together, numbers)
    library.call("H5Dclose", data)
    library.call("H5Fclose", file)


def read(library, path, rank):
    """Return the row of a rank, read by all ranks together."""
    access = library.property_list("H5P_CLS_FILE_ACCESS_ID_g")
    library.call("H5Pset_fapl_mpio", access, library.world, library.no_info)
    return _row(library, path, access, rank)


def read_alone(library, path, rank):
    """Return the row of a rank, read without MPI."""
    return _row(library, path, NONE, rank)


def _row(library, path, access, rank):
    file = library.identifier("H5Fopen", path, ctypes.c_uint(0), access)
    data = library.identifier("H5Dopen2", file, b"rows", NONE)
    whole = library.identifier("H5Dget_space", data)
    found = (ctypes.c_double * COLUMNS)()
    library.call("H5Dread", data, library.double, *library.slab(whole, rank), NONE, found)
    library.call("H5Dclose", data)
    library.call("H5Fclose", file)
    return list(found)


def agree(library, expected):
    """Run all checks; return this rank and what rank 0 reports."""
    size = library.integer("MPI_Comm_size", library.world)
    rank = library.integer("MPI_Comm_rank", library.world)
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and HDF5 do not belong to the same MPI",
    )
    path = os.path.join(os.getcwd(), "pybuild-hdf5-rows.h5").encode()
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
        library.call("H5open")
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
