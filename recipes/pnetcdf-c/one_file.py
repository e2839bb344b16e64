"""Check that all ranks write one netCDF file together and read it back, with the C library alone."""

import ctypes

from pybuild_library import Library, run_library
from pybuild_ranks import COLUMNS, rows_in_one_file

NC_DOUBLE, NC_64BIT_DATA = 6, 0x20  # pnetcdf.h


class PnetCDF(Library):
    """PnetCDF and the MPI that it links."""

    file = "libpnetcdf.so"


def slab(rank):
    """Return where a rank's row begins, and how large it is; MPI_Offset has 64 bits."""
    return (ctypes.c_int64 * 2)(rank, 0), (ctypes.c_int64 * 2)(1, COLUMNS)


def write(library, path, row):
    """Write one variable, each rank its own row, in one collective call."""
    rank, size = library.Get_rank(), library.Get_size()
    file = library.integer("ncmpi_create", library.world, path, NC_64BIT_DATA, library.no_info)
    across = library.integer("ncmpi_def_dim", file, b"rank", ctypes.c_int64(size))
    along = library.integer("ncmpi_def_dim", file, b"column", ctypes.c_int64(COLUMNS))
    shape = (ctypes.c_int * 2)(across, along)
    variable = library.integer("ncmpi_def_var", file, b"rows", NC_DOUBLE, 2, shape)
    library.call("ncmpi_enddef", file)
    numbers = (ctypes.c_double * COLUMNS)(*row)
    library.call("ncmpi_put_vara_double_all", file, variable, *slab(rank), numbers)
    library.call("ncmpi_close", file)


def read(library, readers, path, rank):
    """Return the row of a rank, read by all ranks of a communicator together."""
    found = (ctypes.c_double * COLUMNS)()
    file = library.integer("ncmpi_open", readers, path, 0, library.no_info)
    variable = library.integer("ncmpi_inq_varid", file, b"rows")
    library.call("ncmpi_get_vara_double_all", file, variable, *slab(rank), found)
    library.call("ncmpi_close", file)
    return list(found)


def use(library):
    """Write and read together; rank 0 also reads by itself."""
    rows_in_one_file(
        library,
        lambda path, row: write(library, path.encode(), row),
        lambda path, rank: read(library, library.world, path.encode(), rank),
        lambda path, rank: read(library, library.alone, path.encode(), rank),
    )


if __name__ == "__main__":
    run_library(PnetCDF, use)
