"""Check that compiled JAX functions exchange arrays between the ranks."""

from pybuild_ranks import check, run


def use(comm):
    """Sum over all ranks inside a compiled function, and pass an array round the ring."""
    import jax
    import jax.numpy as jnp
    import mpi4jax
    from mpi4py import MPI

    rank, size = comm.Get_rank(), comm.Get_size()

    @jax.jit
    def total(numbers):
        return mpi4jax.allreduce(2 * numbers, op=MPI.SUM, comm=comm)

    @jax.jit
    def neighbour(numbers):
        return mpi4jax.sendrecv(numbers, numbers, (rank - 1) % size, (rank + 1) % size, comm=comm)

    mine = jnp.arange(5.0) + rank
    expected = [2 * sum(number + other for other in range(size)) for number in range(5)]
    found = total(mine).tolist()
    check(found == expected, f"the sum is {found}, expected {expected}")
    found = neighbour(mine).tolist()
    check(found == [number + (rank - 1) % size for number in range(5)], f"the neighbour sent {found}")


if __name__ == "__main__":
    run(use)
