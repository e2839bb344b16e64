"""Which library a provider's compiler wrapper links: asked by linking two lines with that very wrapper."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pybuild import process
from pybuild.verify.extension import matches
from pybuild.verify.resolve import Loader
from pybuild.verify.tree import Tree

# Without the header: what matters is what the linker is told, and --as-needed must not drop it.
_PROGRAMS = {
    "mpi": "int MPI_Init(int *, char ***);\nint probe(void) { return MPI_Init(0, 0); }\n",
    "hdf5": "int H5open(void);\nint probe(void) { return H5open(); }\n",
}


def linked_library(
    virtual: str, wrapper: Sequence[str], soname: str, tree: Tree, environment: Mapping[str, str]
) -> str | None:
    """Return the final path of the library that ``wrapper`` links, None where it cannot be asked here.

    Args:
        virtual: ``mpi`` or ``hdf5``.
        wrapper: argv that links a shared object, ``("/usr/bin/mpicc", "-shared")``.
        soname: stems of the library, as in a check.
        environment: whole environment of the wrapper.
    """
    program = _PROGRAMS.get(virtual)
    if program is None or not wrapper:
        return None
    with tempfile.TemporaryDirectory(prefix="pybuild-probe-") as folder:
        source, target = Path(folder, "probe.c"), Path(folder, "probe.so")
        source.write_text(program)
        argv = (*wrapper, "-fPIC", "-o", str(target), str(source))
        if process.capture(argv, env=environment, cwd=folder).code != 0 or not target.exists():
            return None
        closure = Loader(tree).closure(os.path.realpath(target))
        direct = [name for name in closure.facts.needed if matches(name, soname)]
        return next((item.real for item in closure.found if item.name in direct and item.real), None)
