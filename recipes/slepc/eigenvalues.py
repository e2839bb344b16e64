"""Check that SLEPc finds a known eigenvalue of one matrix on all ranks; only the library itself is needed.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# stdout is where the checks look for the report.
# ruff: noqa: T201

import ctypes
import json
import os
import sys
import time

INSERT_VALUES = 1  # of PETSc's InsertMode
HEP = 1  # of SLEPc's EPSProblemType: a Hermitian matrix


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


class Library:
    """SLEPc with the PETSc and MPI that it links; every function that is called must return 0."""

    def __init__(self):
        self.handle = ctypes.CDLL(os.path.join(sys.prefix, "lib", "libslepc.so"), mode=ctypes.RTLD_GLOBAL)

    def call(self, name, *arguments):
        """Call a function of SLEPc, PETSc or MPI."""
        code = getattr(self.handle, name)(*arguments)
        check(code == 0, f"{name} failed with code {code}")

    def made(self, name, *arguments):
        """Return the object that the function leaves behind its last argument."""
        result = ctypes.c_void_p()
        self.call(name, *arguments, ctypes.byref(result))
        return result

    def world(self):
        """Return the communicator of all ranks, a number or an address, as MPI has it."""
        return ctypes.c_void_p.in_dll(self.handle, "PETSC_COMM_WORLD")

    def integer(self, name, *arguments, kind=ctypes.c_int):
        """Return the integer that the function leaves behind its last argument."""
        result = kind()
        self.call(name, *arguments, ctypes.byref(result))
        return result.value

    def bytes_of(self, name):
        """Return how many bytes PETSc's integers or scalars have: int64 and complex change that."""
        kind, known, size = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
        self.call("PetscDataTypeFromString", name, ctypes.byref(kind), ctypes.byref(known))
        self.call("PetscDataTypeGetSize", kind, ctypes.byref(size))
        return size.value

    def version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.call("MPI_Get_library_version", text, ctypes.byref(length))
        return text.value.decode().strip()


def second_differences(library, integer, scalar, rows, rank, size):
    """Return the matrix of 2 on the diagonal and -1 beside it; every rank sets every size-th row."""
    matrix = library.made("MatCreate", library.world())
    library.call("MatSetSizes", matrix, integer(-1), integer(-1), integer(rows), integer(rows))
    library.call("MatSetFromOptions", matrix)
    library.call("MatSetUp", matrix)
    for row in range(rank, rows, size):
        for column, value in ((row - 1, -1.0), (row, 2.0), (row + 1, -1.0)):
            if 0 <= column < rows:
                place = (integer(1), (integer * 1)(row), integer(1), (integer * 1)(column))
                library.call("MatSetValues", matrix, *place, scalar(value), ctypes.c_int(INSERT_VALUES))
    library.call("MatAssemblyBegin", matrix, 0)
    library.call("MatAssemblyEnd", matrix, 0)
    return matrix


def greatest(library, rows, rank, size):
    """Return the eigenvalue of greatest magnitude of that matrix."""
    integer = ctypes.c_int64 if library.bytes_of(b"int") == 8 else ctypes.c_int32
    scalar = ctypes.c_double * (library.bytes_of(b"scalar") // 8)
    matrix = second_differences(library, integer, scalar, rows, rank, size)
    solver = library.made("EPSCreate", library.world())
    library.call("EPSSetOperators", solver, matrix, None)
    library.call("EPSSetProblemType", solver, HEP)
    library.call("EPSSolve", solver)
    check(library.integer("EPSGetConverged", solver, kind=integer) > 0, "no eigenvalue converged")
    value = scalar()
    library.call("EPSGetEigenvalue", solver, integer(0), ctypes.byref(value), None)
    library.call("EPSDestroy", ctypes.byref(solver))
    library.call("MatDestroy", ctypes.byref(matrix))
    return value[0]


def agree(library, expected):
    """Run all checks; return this rank's number and what rank 0 reports."""
    world = library.world()
    size, rank = library.integer("MPI_Comm_size", world), library.integer("MPI_Comm_rank", world)
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and PETSc do not belong to the same MPI",
    )
    # The eigenvalues are 2 - 2 cos(k pi / (rows + 1)); with 3 rows the greatest is 2 + sqrt(2).
    rows = 3
    found = greatest(library, rows, rank, size)
    check(abs(found - 3.414213562373095) < 1e-6, f"the greatest eigenvalue is {found}, expected 3.41421356")
    return rank, {"size": size, "ranks": list(range(size)), "library": library.version()}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1
    library = None
    try:
        library = Library()
        library.call("SlepcInitialize", None, None, None, None)
        rank, report = agree(library, int(text))
        library.call("SlepcFinalize")
    except Exception as error:
        print(f"eigenvalues: {error}", file=sys.stderr)
        sys.stderr.flush()
        time.sleep(0.5)  # some launchers drop what was said just before the end
        if library is not None and int(text) > 1:
            library.handle.MPI_Abort(library.world(), 1)  # the others would wait for ever
        return 1
    if rank == 0:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
