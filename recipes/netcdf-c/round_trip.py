"""Check that ncgen writes a netCDF-4 file and ncdump reads it back; ends with 0 where they do."""

import os
import shutil
import subprocess
import sys
import tempfile

NUMBERS = ", ".join(str(number * number) for number in range(50))
TEXT = f"""netcdf squares {{
dimensions: n = 50 ;
variables: int squares(n) ;
data: squares = {NUMBERS} ;
}}
"""


def run(name, *words):
    """Run a program of the prefix and return what it prints."""
    return subprocess.check_output([os.path.join(sys.prefix, "bin", name), *words]).decode()


def main():
    """Return None for success, else what is wrong."""
    folder = tempfile.mkdtemp(prefix="pybuild-netcdf-")
    try:
        source, file = os.path.join(folder, "squares.cdl"), os.path.join(folder, "squares.nc")
        with open(source, "w") as stream:
            stream.write(TEXT)
        run("ncgen", "-k", "nc4", "-o", file, source)
        kind, found = run("ncdump", "-k", file).strip(), run("ncdump", "-v", "squares", file)
    finally:
        shutil.rmtree(folder)
    if kind != "netCDF-4":
        return f"ncgen wrote a file of the kind {kind!r}, expected 'netCDF-4', which is HDF5"
    numbers = " ".join(found.partition("squares =")[2].partition(";")[0].split())
    return None if numbers == NUMBERS else f"ncdump shows {numbers!r}, expected what ncgen was given"


if __name__ == "__main__":
    sys.exit(main())
