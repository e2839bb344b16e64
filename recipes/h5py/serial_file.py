"""Check that h5py without MPI writes a file and reads it back; ends with 0 where it does."""

import os
import shutil
import sys
import tempfile

import h5py


def main():
    """Return None for success, else what is wrong."""
    if h5py.get_config().mpi:
        return "h5py was built with MPI, expected the serial one"
    folder = tempfile.mkdtemp(prefix="pybuild-h5py-")
    try:
        path = os.path.join(folder, "numbers.h5")
        with h5py.File(path, "w") as file:
            file["numbers"] = list(range(1000))
        with h5py.File(path, "r") as file:
            found = file["numbers"][...].tolist()
    finally:
        shutil.rmtree(folder)
    return None if found == list(range(1000)) else "the file does not hold what was written"


if __name__ == "__main__":
    sys.exit(main())
