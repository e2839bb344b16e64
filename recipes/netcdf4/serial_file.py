"""Check that netCDF4 without MPI writes a file and reads it back; ends with 0 where it does."""

import os
import shutil
import sys
import tempfile

import netCDF4


def main():
    """Return None for success, else what is wrong."""
    if netCDF4.__has_parallel4_support__:
        return "netCDF4 was built with MPI, expected the serial one"
    folder = tempfile.mkdtemp(prefix="pybuild-netcdf4-")
    try:
        path = os.path.join(folder, "numbers.nc")
        with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
            file.createDimension("n", 1000)
            file.createVariable("numbers", "i8", ("n",), compression="zlib")[:] = list(range(1000))
        with netCDF4.Dataset(path, "r") as file:
            found = file["numbers"][...].tolist()
    finally:
        shutil.rmtree(folder)
    return None if found == list(range(1000)) else "the file does not hold what was written"


if __name__ == "__main__":
    sys.exit(main())
