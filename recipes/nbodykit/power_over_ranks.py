"""Check that nbodykit measures a power spectrum of particles that lie on all ranks."""

from pybuild_ranks import check, run


def use(comm):
    """Measure particles at random places, whose power is the volume over their number, and count them all."""
    from nbodykit.lab import FFTPower, UniformCatalog

    catalog = UniformCatalog(nbar=0.01, BoxSize=64.0, seed=7, comm=comm)
    check(catalog.csize == comm.allreduce(catalog.size), "the ranks do not share the particles")
    check(comm.Get_size() == 1 or catalog.size < catalog.csize, "one rank has all particles")
    power = FFTPower(catalog, mode="1d", Nmesh=32).power
    noise = 64.0**3 / catalog.csize
    check(abs(power.attrs["shotnoise"] / noise - 1) < 1e-6, "the shot noise is not that of all particles")
    mean = power["power"].real[2:12].mean()
    check(0.7 < mean / noise < 1.3, f"the power is {mean}, expected {noise}")


if __name__ == "__main__":
    run(use)
