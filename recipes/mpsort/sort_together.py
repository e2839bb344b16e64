"""Check that numbers that are spread over the ranks are sorted across all of them."""

from pybuild_ranks import check, run


def use(comm):
    """Sort numbers; each rank starts with numbers that belong to other ranks as well."""
    import mpsort
    import numpy as np

    rank, size, count = comm.Get_rank(), comm.Get_size(), 1000
    # 7919 is prime and larger than any number of ranks in a test: each number is there exactly once.
    places = np.arange(rank * count, (rank + 1) * count, dtype="u8")
    numbers = (places * 7919) % (size * count)
    expected = sorted(number for part in comm.allgather(numbers.tolist()) for number in part)
    check(expected != comm.allreduce(numbers.tolist()), "the numbers are sorted before the test")
    mpsort.sort(numbers, numbers, comm=comm)
    check(
        numbers.tolist() == expected[rank * count : (rank + 1) * count],
        "the numbers are not sorted across the ranks",
    )


if __name__ == "__main__":
    run(use)
