"""Check that PETSc's own objects span all ranks; nothing but the library itself is needed for it.

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

ADD_VALUES = 2  # of PETSc's InsertMode


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


class Library:
    """PETSc and the MPI that it links; every function that is called must return 0."""

    def __init__(self):
        self.handle = ctypes.CDLL(os.path.join(sys.prefix, "lib", "libpetsc.so"), mode=ctypes.RTLD_GLOBAL)

    def call(self, name, *arguments):
        """Call a function of PETSc or MPI."""
        code = getattr(self.handle, name)(*arguments)
        check(code == 0, f"{name} failed with code {code}")

    def world(self):
        """Return the communicator of all ranks, a number or an address, as MPI has it."""
        return ctypes.c_void_p.in_dll(self.handle, "PETSC_COMM_WORLD")

    def integer(self, name, *arguments):
        """Return the integer that the function leaves behind its last argument."""
        result = ctypes.c_int()
        self.call(name, *arguments, ctypes.byref(result))
        return result.value

    def numbers(self):
        """Return how many bytes PETSc's integers and scalars have: int64 and complex change that."""
        size, found = ctypes.c_size_t(), []
        for name in (b"int", b"scalar"):
            kind, known = ctypes.c_int(), ctypes.c_int()
            self.call("PetscDataTypeFromString", name, ctypes.byref(kind), ctypes.byref(known))
            self.call("PetscDataTypeGetSize", kind, ctypes.byref(size))
            found.append(size.value)
        return found

    def version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.call("MPI_Get_library_version", text, ctypes.byref(length))
        return text.value.decode().strip()


def ranks_of(library, size, rank):
    """Return which ranks there are: each adds its own power of two to its neighbour's entry of one vector."""
    check(size < 50, "more ranks than a number has digits")
    bytes_int, bytes_scalar = library.numbers()
    integer = ctypes.c_int64 if bytes_int == 8 else ctypes.c_int32
    scalar = ctypes.c_double * (bytes_scalar // 8)
    vector, total = ctypes.c_void_p(), scalar()
    library.call("VecCreate", library.world(), ctypes.byref(vector))
    library.call("VecSetSizes", vector, integer(1), integer(-1))
    library.call("VecSetFromOptions", vector)
    where = (integer * 1)((rank + 1) % size)
    library.call(
        "VecSetValues", vector, integer(1), where, (scalar * 1)(scalar(2.0**rank)), ctypes.c_int(ADD_VALUES)
    )
    library.call("VecAssemblyBegin", vector)
    library.call("VecAssemblyEnd", vector)
    library.call("VecSum", vector, ctypes.byref(total))
    library.call("VecDestroy", ctypes.byref(vector))
    return [number for number in range(size) if int(total[0]) >> number & 1]


def agree(library, expected):
    """Run all checks; return what rank 0 reports."""
    world = library.world()
    size, rank = library.integer("MPI_Comm_size", world), library.integer("MPI_Comm_rank", world)
    check(
        size == expected,
        f"rank {rank} sees {size} rank(s), the launcher was asked for {expected}: "
        "the launcher and PETSc do not belong to the same MPI",
    )
    ranks = ranks_of(library, size, rank)
    check(ranks == list(range(size)), f"a vector over all ranks was summed up to the ranks {ranks}")
    return rank, {"size": size, "ranks": ranks, "library": library.version()}


def main():
    """Return the exit code."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        print(f"PYBUILD_RANKS is {text!r}, expected the number of ranks", file=sys.stderr)
        return 1
    library = None
    try:
        library = Library()
        library.call("PetscInitializeNoArguments")
        rank, report = agree(library, int(text))
        library.call("PetscFinalize")
    except Exception as error:
        print(f"sum_vector: {error}", file=sys.stderr)
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
