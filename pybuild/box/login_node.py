"""A library that makes a shell a login node: whoever starts MPI in it is ended."""

from __future__ import annotations

import os

from pybuild.box.compilers import build_shared, data_file


def make_login_node(folder: str) -> str:
    """Return the path of a new ``abort_in_mpi_init.so`` in ``folder``, for ``LD_PRELOAD``.

    A process that calls ``MPI_Init``, ``MPI_Init_thread`` or their profiling twins with it prints what
    Cray MPICH prints on a login node and ends by SIGABRT.

    Raises:
        BuildError: this machine's compiler is missing or refuses.
    """
    library = os.path.join(folder, "abort_in_mpi_init.so")
    build_shared(data_file("abort_in_mpi_init.c"), library)
    return library
