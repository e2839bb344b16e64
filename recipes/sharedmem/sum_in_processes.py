"""Check that two processes write into one array."""

import os

import sharedmem


def main():
    """Let each process write its share, and compare with what all of them had to write."""
    squares = sharedmem.empty(100, dtype="i8")
    squares[...] = -1

    def work(number):
        squares[number] = number * number
        return os.getpid()

    with sharedmem.MapReduce(np=2) as pool:
        workers = pool.map(work, range(100))
    assert squares.tolist() == [number * number for number in range(100)], "the array misses squares"
    assert os.getpid() not in workers, "no other process did the work"


main()
