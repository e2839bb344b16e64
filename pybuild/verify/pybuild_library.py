"""A C library that has no binding to MPI for Python, used by ranks through ctypes.

This file comes with pybuild and stands, with ``pybuild_ranks``, beside the test scripts that import it::

    from pybuild_library import Library, run_library

    class Thing(Library):
        file = "libthing.so"

    def use(library):
        library.call("thing_together", library.world)

    if __name__ == "__main__":
        run_library(Thing, use)
"""

# The prefix's Python runs this, from 2.7 to 3.14, and nothing else of pybuild is there.
# Methods that mpi4py's communicators have too are named as there, so that either serves for the functions
# of pybuild_ranks. The numbers of constants are those of MPICH's mpi.h, fixed for all MPIs of its kin.
# ruff: noqa: N802, RUF005, UP004, UP031

import ctypes
import json
import os
import sys

from pybuild_ranks import check, check_ranks, check_size, end, expected_size, fail, report_of

ROOM = 4096
"""How many bytes a rank may say at a time."""


def run_library(kind, use):
    """Let every rank call ``use(library)`` with the :class:`Library` that ``kind()`` makes, then end.

    ``use`` raises where something is wrong. What it returns, None or a mapping, becomes part of the report;
    where the library itself tells which ranks there are, these stand in it as ``ranks``.
    """
    expected = expected_size()
    rank = library = None
    try:
        library = kind()
        library.start()
        rank = library.Get_rank()
        check_size(library.Get_size(), expected, library.file)
        more = use(library) or {}
        ranks = check_ranks(more["ranks"] if "ranks" in more else library.allgather(rank), expected)
        report = report_of(ranks, library.Get_library_version(), more)
        library.stop()
    except Exception as error:
        abort = None
        if library is not None and (expected if rank is None else library.Get_size()) > 1:
            abort = library.Abort
        fail(error, rank, abort)
    end(rank, report)


class Library(object):
    """A C library of the prefix and the MPI that it links.

    A class made from it says which ``file`` below ``lib`` it is. Where functions of the library start and end
    MPI, they and their arguments are ``first`` and ``last``.
    """

    file = ""
    first = ("MPI_Init", None, None)
    last = ("MPI_Finalize",)

    def __init__(self):
        path = os.path.join(sys.prefix, "lib", self.file)
        self.handle = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)

    def start(self):
        """Start MPI, and the library where it has to be."""
        self.call(*self.first)

    def stop(self):
        """End MPI."""
        self.call(*self.last)

    def call(self, name, *arguments):
        """Call a function that returns 0 where all is well."""
        code = getattr(self.handle, name)(*arguments)
        check(code == 0, "%s failed with code %s" % (name, code))

    def made(self, kind, name, *arguments):
        """Return what the function leaves behind its last argument, an object of a type of ctypes."""
        result = kind()
        self.call(name, *(arguments + (ctypes.byref(result),)))
        return result

    def integer(self, name, *arguments):
        """Return the integer that the function leaves behind its last argument."""
        return self.made(ctypes.c_int, name, *arguments).value

    def constant(self, symbol, number):
        """Return a constant of MPI: an object's address in Open MPI, a number in MPICH and its kin."""
        try:
            return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(self.handle, symbol)))
        except ValueError:
            return ctypes.c_int(number)

    @property
    def world(self):
        """The communicator of all ranks."""
        return self.constant("ompi_mpi_comm_world", 0x44000000)

    @property
    def alone(self):
        """The communicator of this rank only."""
        return self.constant("ompi_mpi_comm_self", 0x44000001)

    @property
    def no_info(self):
        """No hints."""
        return self.constant("ompi_mpi_info_null", 0x1C000000)

    def Get_rank(self):
        """Return this rank's number."""
        return self.integer("MPI_Comm_rank", self.world)

    def Get_size(self):
        """Return how many ranks there are."""
        return self.integer("MPI_Comm_size", self.world)

    def Get_library_version(self):
        """Return the MPI library's own version text."""
        text, length = ctypes.create_string_buffer(8192), ctypes.c_int()
        self.call("MPI_Get_library_version", text, ctypes.byref(length))
        return text.value.decode()

    def Barrier(self):
        """Wait for all ranks."""
        self.call("MPI_Barrier", self.world)

    def Abort(self, code):
        """End the whole job."""
        self.handle.MPI_Abort(self.world, code)

    def allgather(self, value):
        """Return what each rank says; it must be something that JSON has, and short."""
        own, size = json.dumps(value).encode("ascii"), self.Get_size()
        check(len(own) <= ROOM, "says %d bytes at once, expected at most %d" % (len(own), ROOM))
        sent, found = ctypes.create_string_buffer(own, ROOM), ctypes.create_string_buffer(ROOM * size)
        kind = self.constant("ompi_mpi_byte", 0x4C00010D)
        self.call("MPI_Allgather", sent, ROOM, kind, found, ROOM, kind, self.world)
        parts = [found.raw[start : start + ROOM] for start in range(0, ROOM * size, ROOM)]
        return [json.loads(part.rstrip(b"\0").decode("ascii")) for part in parts]

    def bcast(self, value):
        """Return what rank 0 says."""
        return self.allgather(value)[0]
