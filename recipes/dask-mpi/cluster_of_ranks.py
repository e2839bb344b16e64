"""Check that dask_mpi makes a scheduler, a client and workers of the ranks, and that the workers compute."""

import tempfile

from pybuild_ranks import check, run


def square(number):
    """Return the square and the rank that computed it."""
    from mpi4py import MPI

    return number * number, MPI.COMM_WORLD.Get_rank()


def compute(size):
    """Map over the cluster as its client; every rank from 2 on has to be a worker."""
    from dask_mpi import send_close_signal
    from distributed import Client

    with Client(timeout=60) as client:
        client.wait_for_workers(size - 2, timeout=60)
        results = client.gather(client.map(square, range(20)))
    send_close_signal()
    check([value for value, _ in results] == [n * n for n in range(20)], "the cluster gave other results")
    workers = {rank for _, rank in results}
    check(workers <= set(range(2, size)), f"the tasks ran on ranks {sorted(workers)}")


def use(comm):
    """Start a cluster: rank 0 is the scheduler, rank 1 the client, and the others are workers."""
    import dask
    from dask_mpi import initialize

    dask.config.set({"distributed.worker.use-file-locking": False})
    if initialize(nthreads=1, dashboard=False, local_directory=tempfile.gettempdir(), exit=False, comm=comm):
        compute(comm.Get_size())
    comm.Barrier()


if __name__ == "__main__":
    run(use)
