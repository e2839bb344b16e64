"""The drafted test scripts that stand beside a recipe."""

from __future__ import annotations

RANKS = "ranks_agree.py"

_RANKS = '''\
"""Check that the ranks that the launcher started are one MPI job with @module@ in it.

A draft: it loads @module@ but uses nothing of it yet. Let it do its parallel work in ``use``.
"""

from pybuild_ranks import check, run


def use(comm):
    """Do what only a parallel @project@ can do, and compare with what is known to be right."""
    import @module@  # noqa: F401

    size = comm.Get_size()
    total = comm.allreduce(comm.Get_rank())
    check(total == size * (size - 1) // 2, "the ranks add up to %r" % total)  # noqa: UP031


if __name__ == "__main__":
    run(use)
'''


def ranks_script(project: str, module: str) -> str:
    """Return a script that every rank runs."""
    return _RANKS.replace("@project@", project).replace("@module@", module)
