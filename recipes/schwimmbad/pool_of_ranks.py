"""Check that a pool of schwimmbad gives its tasks to the other ranks and gets their results back."""

from pybuild_ranks import check, run


def square(number):
    """Return the square and the rank that computed it."""
    from mpi4py import MPI

    return number * number, MPI.COMM_WORLD.Get_rank()


def use(comm):
    """Map over a pool; the tasks are run by ranks other than 0, so a single rank cannot do it."""
    from schwimmbad import MPIPool

    pool = MPIPool(comm)
    if not pool.is_master():
        pool.wait()
        return
    results = pool.map(square, range(40))
    pool.close()
    check([value for value, _ in results] == [n * n for n in range(40)], "the pool gave other results")
    workers = {rank for _, rank in results}
    check(workers == set(range(1, comm.Get_size())), f"the tasks ran on ranks {sorted(workers)}")


if __name__ == "__main__":
    run(use)
