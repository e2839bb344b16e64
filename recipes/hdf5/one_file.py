"""Check that all ranks write one HDF5 file together and read it back, with the C library alone."""

import ctypes

from pybuild_library import Library, run_library
from pybuild_ranks import COLUMNS, check, rows_in_one_file

H5F_ACC_TRUNC, H5FD_MPIO_COLLECTIVE = 2, 1  # H5Fpublic.h, H5FDmpi.h
NONE = ctypes.c_int64(0)  # H5P_DEFAULT


class HDF5(Library):
    """HDF5 and the MPI that it links."""

    file = "libhdf5.so"

    def start(self):
        """Start MPI and HDF5, whose types and classes of properties are known only then."""
        Library.start(self)
        self.call("H5open")

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

    def access(self):
        """Return the properties of a file that all ranks open together."""
        made = self.property_list("H5P_CLS_FILE_ACCESS_ID_g")
        self.call("H5Pset_fapl_mpio", made, self.world, self.no_info)
        return made

    @property
    def double(self):
        """The type of a number in double precision."""
        return ctypes.c_int64.in_dll(self.handle, "H5T_NATIVE_DOUBLE_g")

    def slab(self, whole, rank):
        """Return the space of one row in memory, and the whole with a rank's row selected."""
        start, count = (ctypes.c_uint64 * 2)(rank, 0), (ctypes.c_uint64 * 2)(1, COLUMNS)
        self.call("H5Sselect_hyperslab", whole, 0, start, None, count, None)
        return self.identifier("H5Screate_simple", 2, count, None), whole


def write(library, path, row):
    """Write one data set, each rank its own row, in one collective call."""
    rank, size = library.Get_rank(), library.Get_size()
    file = library.identifier("H5Fcreate", path, ctypes.c_uint(H5F_ACC_TRUNC), NONE, library.access())
    whole = library.identifier("H5Screate_simple", 2, (ctypes.c_uint64 * 2)(size, COLUMNS), None)
    data = library.identifier("H5Dcreate2", file, b"rows", library.double, whole, NONE, NONE, NONE)
    together = library.property_list("H5P_CLS_DATASET_XFER_ID_g")
    library.call("H5Pset_dxpl_mpio", together, H5FD_MPIO_COLLECTIVE)
    numbers = (ctypes.c_double * COLUMNS)(*row)
    library.call("H5Dwrite", data, library.double, *library.slab(whole, rank), together, numbers)
    library.call("H5Dclose", data)
    library.call("H5Fclose", file)


def read(library, access, path, rank):
    """Return the row of a rank."""
    file = library.identifier("H5Fopen", path, ctypes.c_uint(0), access)
    data = library.identifier("H5Dopen2", file, b"rows", NONE)
    whole = library.identifier("H5Dget_space", data)
    found = (ctypes.c_double * COLUMNS)()
    library.call("H5Dread", data, library.double, *library.slab(whole, rank), NONE, found)
    library.call("H5Dclose", data)
    library.call("H5Fclose", file)
    return list(found)


def use(library):
    """Write and read together; rank 0 also reads without MPI."""
    rows_in_one_file(
        library,
        lambda path, row: write(library, path.encode(), row),
        lambda path, rank: read(library, library.access(), path.encode(), rank),
        lambda path, rank: read(library, NONE, path.encode(), rank),
    )


if __name__ == "__main__":
    run_library(HDF5, use)
