"""What the ranks of every check do: see that they are one job, use the package, and let rank 0 report.

This file comes with pybuild and stands beside the test scripts that import it,
so that a script says only what is special about its package::

    from pybuild_ranks import check, run

    def use(comm):
        check(comm.allreduce(1) == comm.Get_size(), "the ranks do not add up")

    if __name__ == "__main__":
        run(use)

Every rank runs the script, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints a line of JSON, ``{"size": 2, "ranks": [0, 1], "library": "..."}``, with what ``use`` returned.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
A wrong MPI shows itself as n processes that each believe to be rank 0 of 1.
"""

# The prefix's Python runs this, from 2.7 to 3.14, and nothing else of pybuild is there;
# stdout is where the checks look for the report.
# ruff: noqa: T201, UP010, UP031

from __future__ import print_function

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time

COLUMNS = 1000
"""How many numbers a rank writes into a file."""


class Wrong(RuntimeError):
    """Something that a check found; its text is a whole sentence."""


def run(use):
    """Let every rank call ``use(comm)`` with mpi4py's communicator of all ranks, then end the process.

    ``use`` raises where something is wrong. What it returns, None or a mapping, becomes part of the report;
    where the package itself tells which ranks there are, these stand in it as ``ranks``.
    """
    expected = expected_size()
    from mpi4py import MPI  # starts MPI, so it comes after everything that can fail without it

    comm = MPI.COMM_WORLD
    rank = comm.Get_rank()
    try:
        check_size(comm.Get_size(), expected, "mpi4py")
        ranks = check_ranks(comm.allgather(rank), expected)
        more = use(comm) or {}
        ranks = check_ranks(more.get("ranks", ranks), expected)
        report = report_of(ranks, MPI.Get_library_version(), more)
    except Exception as error:
        fail(error, rank, comm.Abort if comm.Get_size() > 1 else None)
    end(rank, report)


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``; which rank it is will stand before it."""
    if not holds:
        raise Wrong(sentence)


def agreed(comm, what, value):
    """Return ``value``, which must be the same on all ranks."""
    values = comm.allgather(value)
    check(all(other == values[0] for other in values), "%s differs between the ranks: %r" % (what, values))
    return value


@contextlib.contextmanager
def shared_folder(comm):
    """Yield a new folder that every rank sees; when all are done with it, it is removed."""
    folder = _folder_of_all(comm)
    try:
        yield folder
        comm.Barrier()
    finally:
        # Ranks that failed end the whole job, so nobody still uses a file when rank 0 comes here.
        if comm.Get_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)


def row(rank):
    """Return the numbers that a rank writes into a file: no two ranks have one in common."""
    return list(range(rank * COLUMNS, (rank + 1) * COLUMNS))


def rows_in_one_file(comm, write, read, read_alone):
    """Check that all ranks write one file together, each its own row, and read it back.

    All ranks call ``write(path, row)`` and ``read(path, rank)``, which returns the row of a rank as a list.
    Rank 0 calls ``read_alone(path, rank)``, which does the same without the other ranks.
    """
    rank, size = comm.Get_rank(), comm.Get_size()
    with shared_folder(comm) as folder:
        path = os.path.join(folder, "rows")
        write(path, row(rank))
        neighbour = (rank + 1) % size
        check(read(path, neighbour) == row(neighbour), "reads other numbers than rank %d wrote" % neighbour)
        comm.Barrier()  # nobody has the file open
        if rank == 0:
            same = all(read_alone(path, number) == row(number) for number in range(size))
            check(same, "the file does not hold what the ranks wrote")


def expected_size():
    """Return how many ranks there must be; end the process where nobody says it."""
    text = os.environ.get("PYBUILD_RANKS", "")
    if not text.isdigit() or int(text) < 1:
        sys.exit("PYBUILD_RANKS is %r, expected the number of ranks" % text)
    return int(text)


def check_size(size, expected, what):
    """Check that the launcher started one job; ``what`` is what brings the MPI."""
    check(
        size == expected,
        "sees %d rank(s), the launcher was asked for %d: "
        "the launcher and %s do not belong to the same MPI" % (size, expected, what),
    )


def check_ranks(ranks, expected):
    """Return the ranks, which must be all that there are, each once."""
    check(sorted(ranks) == list(range(expected)), "ranks are not distinct: %r" % (ranks,))
    return ranks


def report_of(ranks, library, more):
    """Return what rank 0 says of the job, ``more`` last."""
    # Some libraries end the text with a newline, some with NUL bytes.
    report = {"size": len(ranks), "ranks": ranks, "library": library.strip().strip("\0").strip()}
    report.update(more)
    return report


def fail(error, rank, abort):
    """Say what is wrong and end the job by ``abort``, where there is a job and not only this process."""
    sentence = str(error) if isinstance(error, Wrong) else "%s: %s" % (type(error).__name__, error)
    who = "" if rank is None else "rank %d: " % rank
    sys.stderr.write("%s: %s%s\n" % (_script(), who, sentence))
    sys.stderr.flush()
    if abort is not None:
        time.sleep(0.5)  # some launchers drop what was said just before the end
        abort(1)  # the other ranks would wait for ever in a collective call
    sys.exit(1)


def end(rank, report):
    """Print the report of rank 0 and end the process."""
    if rank == 0:
        print(json.dumps(report))
    sys.exit(0)


def _script():
    return os.path.basename(sys.argv[0]).rpartition(".")[0] or "ranks"


def _folder_of_all(comm):
    """Return a new folder that every rank sees; the candidates are those of rank 0."""
    is_first = comm.Get_rank() == 0
    candidates = comm.bcast(_candidates() if is_first else None)
    for parent in candidates:
        folder = comm.bcast(_make_folder(parent) if is_first else None)
        if folder and all(comm.allgather(_is_seen(folder))):
            return folder
        if folder and is_first:
            shutil.rmtree(folder)
    raise Wrong("no folder is seen by all ranks and can be written to, tried %s" % ", ".join(candidates))


def _candidates():
    """Return folders that may be seen by all ranks; the prefix itself comes last."""
    here = os.getcwd()
    others = [os.environ.get("SCRATCH"), tempfile.gettempdir(), os.environ.get("HOME"), sys.prefix]
    folders = [here] if os.path.realpath(here) != os.path.realpath(sys.prefix) else []
    return folders + [folder for folder in others if folder]


def _make_folder(parent):
    """Return a new folder in ``parent``, None where nothing can be made."""
    try:
        return tempfile.mkdtemp(prefix="pybuild-%s-" % _script(), dir=parent)
    except OSError:
        return None


def _is_seen(folder):
    """Return whether this rank sees the folder; a network file system may need a moment."""
    for _ in range(20):
        if os.path.isdir(folder):
            return True
        time.sleep(0.1)
    return False
