"""Check that an array over all ranks comes back from a Fourier transform and the way back."""

from pybuild_ranks import check, run


def use(comm):
    """Transform numbers, each rank its own part, forth and back; PFFT leaves out the division."""
    import numpy as np
    import pfft

    shape = [8, 6, 4]
    procmesh = pfft.ProcMesh(np=[comm.Get_size()], comm=comm)
    partition = pfft.Partition(pfft.Type.PFFT_C2C, shape, procmesh, pfft.Flags.PFFT_TRANSPOSED_OUT)
    buffer = pfft.LocalBuffer(partition)
    plans = [
        pfft.Plan(partition, pfft.Direction.PFFT_FORWARD, buffer, type=pfft.Type.PFFT_C2C),
        pfft.Plan(
            partition,
            pfft.Direction.PFFT_BACKWARD,
            buffer,
            type=pfft.Type.PFFT_C2C,
            flags=pfft.Flags.PFFT_TRANSPOSED_IN,
        ),
    ]
    mine = buffer.view_input()
    check(mine.size < np.prod(shape), "one rank has the whole array")
    start = np.random.RandomState(comm.Get_rank()).uniform(size=mine.shape)
    mine[...] = start
    total = comm.allreduce(start.sum())
    plans[0].execute(buffer)
    if comm.Get_rank() == 0:
        check(np.allclose(buffer.view_output().flat[0], total), "the first term is not the sum of all")
    plans[1].execute(buffer)
    back = buffer.view_input() / np.prod(shape)
    check(np.allclose(back, start), "the numbers do not come back")


if __name__ == "__main__":
    run(use)
