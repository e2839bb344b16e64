"""Check that SLEPc finds a known eigenvalue of one matrix on all ranks; only the library itself is needed."""

import ctypes

from pybuild_library import Library, run_library
from pybuild_ranks import check

INSERT_VALUES = 1  # of PETSc's InsertMode
HEP = 1  # of SLEPc's EPSProblemType: a Hermitian matrix


class SLEPc(Library):
    """SLEPc with the PETSc and MPI that it links."""

    file = "libslepc.so"
    first = ("SlepcInitialize", None, None, None, None)
    last = ("SlepcFinalize",)

    @property
    def world(self):
        """The communicator of all ranks, a number or an address, as MPI has it."""
        return ctypes.c_void_p.in_dll(self.handle, "PETSC_COMM_WORLD")

    def bytes_of(self, name):
        """Return how many bytes PETSc's integers or scalars have: int64 and complex change that."""
        kind, known = ctypes.c_int(), ctypes.c_int()
        self.call("PetscDataTypeFromString", name, ctypes.byref(kind), ctypes.byref(known))
        return self.made(ctypes.c_size_t, "PetscDataTypeGetSize", kind).value


def second_differences(library, integer, scalar, rows):
    """Return the matrix of 2 on the diagonal and -1 beside it; every rank sets every size-th row."""
    matrix = library.made(ctypes.c_void_p, "MatCreate", library.world)
    library.call("MatSetSizes", matrix, integer(-1), integer(-1), integer(rows), integer(rows))
    library.call("MatSetFromOptions", matrix)
    library.call("MatSetUp", matrix)
    for row in range(library.Get_rank(), rows, library.Get_size()):
        for column, value in ((row - 1, -1.0), (row, 2.0), (row + 1, -1.0)):
            if 0 <= column < rows:
                place = (integer(1), (integer * 1)(row), integer(1), (integer * 1)(column))
                library.call("MatSetValues", matrix, *place, scalar(value), ctypes.c_int(INSERT_VALUES))
    library.call("MatAssemblyBegin", matrix, 0)
    library.call("MatAssemblyEnd", matrix, 0)
    return matrix


def greatest(library, rows):
    """Return the eigenvalue of greatest magnitude of that matrix."""
    integer = ctypes.c_int64 if library.bytes_of(b"int") == 8 else ctypes.c_int32
    scalar = ctypes.c_double * (library.bytes_of(b"scalar") // 8)
    matrix = second_differences(library, integer, scalar, rows)
    solver = library.made(ctypes.c_void_p, "EPSCreate", library.world)
    library.call("EPSSetOperators", solver, matrix, None)
    library.call("EPSSetProblemType", solver, HEP)
    library.call("EPSSolve", solver)
    check(library.made(integer, "EPSGetConverged", solver).value > 0, "no eigenvalue converged")
    value = scalar()
    library.call("EPSGetEigenvalue", solver, integer(0), ctypes.byref(value), None)
    library.call("EPSDestroy", ctypes.byref(solver))
    library.call("MatDestroy", ctypes.byref(matrix))
    return value[0]


def use(library):
    """Compare: the eigenvalues are 2 - 2 cos(k pi / (rows + 1)); with 3 rows the greatest is 2 + sqrt(2)."""
    found = greatest(library, rows=3)
    check(abs(found - 3.414213562373095) < 1e-6, f"the greatest eigenvalue is {found}, expected 3.41421356")


if __name__ == "__main__":
    run_library(SLEPc, use)
