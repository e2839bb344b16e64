"""The virtuals that recipes may ask for and the fields that templates may use."""

from __future__ import annotations

import re
from collections.abc import Iterator

VIRTUALS: dict[str, dict[str, str]] = {
    "compiler": {
        "cc": "the C compiler",
        "cxx": "the C++ compiler",
        "fc": "the Fortran compiler",
    },
    "mpi": {
        "name": "what the library calls itself: mpich, openmpi, cray-mpich",
        "cc": "the C compiler that finds MPI",
        "cxx": "the C++ compiler that finds MPI",
        "fc": "the Fortran compiler that finds MPI",
        "mpiexec": "starts ranks",
        "shared": "flags that make the wrapper link a shared library, may be empty",
        "soname": "stem of the library that an extension must link: libmpi",
        "library": "path of that library, where it is known: an extension must link this very file",
    },
}
"""What each field of each virtual means; ``pybuild recipe lint`` refuses others."""

_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def templates(text: str) -> Iterator[str]:
    """Yield what stands between ``${{`` and ``}}``, without the blanks around it."""
    for match in _TEMPLATE.finditer(text):
        yield match.group(1).strip()


def broken_template(text: str) -> bool:
    """Return whether a ``${{`` is never closed, or a shell's ``${`` was meant."""
    return "${" in _TEMPLATE.sub("", text)
