"""Check that emcee samples a distribution whose probabilities the other ranks compute."""

from pybuild_ranks import check, run


def probability(place):
    """Return the logarithm of a normal distribution, and the rank that computed it."""
    from mpi4py import MPI

    return -0.5 * float((place**2).sum()), MPI.COMM_WORLD.Get_rank()


def use(comm):
    """Sample with a pool of ranks; its tasks run on ranks other than 0, so a single rank cannot do it."""
    import emcee
    import numpy as np
    from schwimmbad import MPIPool

    pool = MPIPool(comm)
    if not pool.is_master():
        pool.wait()
        return
    start = np.random.RandomState(7).normal(size=(16, 2))
    sampler = emcee.EnsembleSampler(16, 2, probability, pool=pool)
    sampler.run_mcmc(start, 100)
    pool.close()
    workers = {int(rank) for rank in np.unique(sampler.get_blobs())}
    check(
        workers == set(range(1, comm.Get_size())),
        f"the probabilities were computed on ranks {sorted(workers)}",
    )
    spread = sampler.get_chain(discard=20, flat=True).std()
    check(0.5 < spread < 1.5, f"the samples spread by {spread}, expected 1")


if __name__ == "__main__":
    run(use)
