"""Check that PETSc's own objects span all ranks; nothing but the library itself is needed for it."""

import ctypes

from pybuild_library import Library, run_library
from pybuild_ranks import check

ADD_VALUES = 2  # of PETSc's InsertMode


class PETSc(Library):
    """PETSc and the MPI that it links."""

    file = "libpetsc.so"
    first = ("PetscInitializeNoArguments",)
    last = ("PetscFinalize",)

    @property
    def world(self):
        """The communicator of all ranks, a number or an address, as MPI has it."""
        return ctypes.c_void_p.in_dll(self.handle, "PETSC_COMM_WORLD")

    def bytes_of(self, name):
        """Return how many bytes PETSc's integers or scalars have: int64 and complex change that."""
        kind, known = ctypes.c_int(), ctypes.c_int()
        self.call("PetscDataTypeFromString", name, ctypes.byref(kind), ctypes.byref(known))
        return self.made(ctypes.c_size_t, "PetscDataTypeGetSize", kind).value


def use(library):
    """Report which ranks there are: each adds its own power of two to its neighbour's entry of one vector."""
    rank, size = library.Get_rank(), library.Get_size()
    check(size < 50, "more ranks than a number has digits")
    integer = ctypes.c_int64 if library.bytes_of(b"int") == 8 else ctypes.c_int32
    scalar = ctypes.c_double * (library.bytes_of(b"scalar") // 8)
    vector = library.made(ctypes.c_void_p, "VecCreate", library.world)
    library.call("VecSetSizes", vector, integer(1), integer(-1))
    library.call("VecSetFromOptions", vector)
    where, value = (integer * 1)((rank + 1) % size), (scalar * 1)(scalar(2.0**rank))
    library.call("VecSetValues", vector, integer(1), where, value, ctypes.c_int(ADD_VALUES))
    library.call("VecAssemblyBegin", vector)
    library.call("VecAssemblyEnd", vector)
    total = library.made(scalar, "VecSum", vector)
    library.call("VecDestroy", ctypes.byref(vector))
    ranks = [number for number in range(size) if int(total[0]) >> number & 1]
    check(ranks == list(range(size)), f"a vector over all ranks was summed up to the ranks {ranks}")
    return {"ranks": ranks}


if __name__ == "__main__":
    run_library(PETSc, use)
