"""Check that all ranks write one netCDF file together and read it back, with the C library alone."""

import ctypes

from pybuild_library import Library, run_library
from pybuild_ranks import COLUMNS, rows_in_one_file

NC_NETCDF4, NC_DOUBLE, NC_COLLECTIVE = 0x1000, 6, 1  # netcdf.h, netcdf_par.h


class NetCDF(Library):
    """netCDF and the MPI that it links."""

    file = "libnetcdf.so"


def slab(rank):
    """Return where a rank's row begins, and how large it is."""
    return (ctypes.c_size_t * 2)(rank, 0), (ctypes.c_size_t * 2)(1, COLUMNS)


def write(library, path, row):
    """Write one variable, each rank its own row, in one collective call."""
    rank, size = library.Get_rank(), library.Get_size()
    file = library.integer("nc_create_par", path, NC_NETCDF4, library.world, library.no_info)
    across = library.integer("nc_def_dim", file, b"rank", ctypes.c_size_t(size))
    along = library.integer("nc_def_dim", file, b"column", ctypes.c_size_t(COLUMNS))
    shape = (ctypes.c_int * 2)(across, along)
    variable = library.integer("nc_def_var", file, b"rows", NC_DOUBLE, 2, shape)
    library.call("nc_enddef", file)
    library.call("nc_var_par_access", file, variable, NC_COLLECTIVE)
    library.call("nc_put_vara_double", file, variable, *slab(rank), (ctypes.c_double * COLUMNS)(*row))
    library.call("nc_close", file)


def read(library, file, rank):
    """Return the row of a rank from a file that is open, and close it."""
    found = (ctypes.c_double * COLUMNS)()
    variable = library.integer("nc_inq_varid", file, b"rows")
    library.call("nc_get_vara_double", file, variable, *slab(rank), found)
    library.call("nc_close", file)
    return list(found)


def use(library):
    """Write and read together; rank 0 also reads without MPI."""

    def open_together(path):
        return library.integer("nc_open_par", path.encode(), 0, library.world, library.no_info)

    rows_in_one_file(
        library,
        lambda path, row: write(library, path.encode(), row),
        lambda path, rank: read(library, open_together(path), rank),
        lambda path, rank: read(library, library.integer("nc_open", path.encode(), 0), rank),
    )


if __name__ == "__main__":
    run_library(NetCDF, use)
