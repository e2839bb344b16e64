"""Check that an executor of mpipool gives its tasks to the other ranks and gets their results back."""

from pybuild_ranks import check, run


def square(number):
    """Return the square and the rank that computed it."""
    from mpi4py import MPI

    return number * number, MPI.COMM_WORLD.Get_rank()


def use(comm):
    """Submit tasks; they are run by ranks other than 0, so a single rank cannot do it."""
    from mpipool import MPIExecutor

    results = None
    # The other ranks work in the constructor until rank 0 leaves the block, and then skip the block.
    with MPIExecutor(comm=comm) as pool:
        pool.workers_exit()
        futures = [pool.submit(square, number) for number in range(20)]
        results = [future.result(timeout=60) for future in futures]
    if results is None:
        return
    check([value for value, _ in results] == [n * n for n in range(20)], "the pool gave other results")
    workers = {rank for _, rank in results}
    check(workers == set(range(1, comm.Get_size())), f"the tasks ran on ranks {sorted(workers)}")


if __name__ == "__main__":
    run(use)
