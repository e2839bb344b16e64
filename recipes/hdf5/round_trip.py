"""Check that HDF5's own programs agree on a compressed file; ends with 0 where they do."""

import os
import shutil
import subprocess
import sys
import tempfile

NUMBERS = " ".join(str(number * number) for number in range(1000))


def run(name, *words):
    """Run a program of the prefix and return what it prints."""
    return subprocess.check_output([os.path.join(sys.prefix, "bin", name), *words]).decode()


def main():
    """Return None for success, else what is wrong."""
    folder = tempfile.mkdtemp(prefix="pybuild-hdf5-")
    try:
        text, plain, packed = (os.path.join(folder, name) for name in ("n.txt", "n.h5", "packed.h5"))
        with open(text, "w") as stream:
            stream.write(NUMBERS)
        run(
            "h5import",
            text,
            "-dims",
            "1000",
            "-path",
            "squares",
            "-type",
            "TEXTIN",
            "-size",
            "32",
            "-o",
            plain,
        )
        run("h5repack", "-f", "squares:GZIP=6", plain, packed)
        shown = run("h5dump", "-p", "-y", "-w", "0", "-d", "squares", packed)
        run("h5diff", plain, packed)
    finally:
        shutil.rmtree(folder)
    if "COMPRESSION DEFLATE" not in shown:
        return "h5repack did not compress: HDF5 was built without zlib"
    found = " ".join(shown.partition("DATA {")[2].partition("}")[0].replace(",", " ").split())
    return None if found == NUMBERS else f"h5dump shows {found!r}, expected what h5import was given"


if __name__ == "__main__":
    sys.exit(main())
