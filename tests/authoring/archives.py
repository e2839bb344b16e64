"""Source archives and wheels made from a few words."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping


def sdist(top: str, files: Mapping[str, str]) -> bytes:
    """Return a .tar.gz with one top folder; the same files give the same bytes."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            data = text.encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(body.getvalue(), mtime=0)


def wheel(name: str, version: str, files: Mapping[str, str], requires: tuple[str, ...] = ()) -> bytes:
    """Return a wheel whose metadata names its requirements."""
    body = io.BytesIO()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Summary: what {name} does"]
    lines += ["License: MIT", "Home-page: https://example.org/home"]
    lines += [f"Requires-Dist: {row}" for row in requires]
    with zipfile.ZipFile(body, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")
    return body.getvalue()


PKG_INFO = """\
Metadata-Version: 2.2
Name: ranky
Version: {version}
Summary: Ranks, and what is in them.
Home-page: http://ranky.example.org
License-Expression: BSD-3-Clause
Requires-Dist: numpy>=1.20
Requires-Dist: tomli>=2; python_version < "3.11"
Requires-Dist: pytest; extra == "test"
"""

RANKY = {
    "PKG-INFO": PKG_INFO,
    "pyproject.toml": '[build-system]\nrequires = ["setuptools>=61", "Cython>=3"]\n'
    'build-backend = "setuptools.build_meta"\n',
    "setup.py": "import os\nfrom setuptools import Extension, setup\n"
    'where = os.environ.get("HDF5_DIR")\nextra = os.environ.get("RANKY_FAST")\n'
    'setup(ext_modules=[Extension("ranky.core", ["ranky/core.pyx"])])\n',
    "ranky/__init__.py": "",
    "ranky/core.pyx": 'from mpi4py cimport MPI\ncdef extern from "hdf5.h":\n    pass\n',
    "ranky/h5.c": "#include <hdf5.h>\nint f(void) { return H5Pset_fapl_mpio(1); }\n",
    "tests/test_it.py": "import petsc4py\n",
}
"""A source that uses MPI and HDF5."""


def ranky(version: str) -> bytes:
    """Return one release of it."""
    return sdist(f"ranky-{version}", {**RANKY, "PKG-INFO": PKG_INFO.format(version=version)})
