"""Check that particles of all ranks are painted on one mesh and survive a Fourier transform."""

from pybuild_ranks import check, run


def use(comm):
    """Paint particles that lie anywhere, so that many belong to another rank, and transform both ways."""
    import numpy as np
    from pmesh.pm import ParticleMesh

    count, mesh = 100, ParticleMesh(Nmesh=[8, 8, 8], BoxSize=8.0, comm=comm, dtype="f8")
    places = np.random.RandomState(comm.Get_rank()).uniform(0, 8, size=(count, 3))
    layout = mesh.decompose(places)
    field = mesh.paint(places, layout=layout)
    check(field.value.size < 8**3, "one rank has the whole mesh")
    check(
        abs(field.csum() - count * comm.Get_size()) < 1e-6,
        "the mesh does not hold the particles of all ranks",
    )
    back = field.r2c().c2r()
    check(np.allclose(back.value, field.value), "the mesh does not come back from the transform")


if __name__ == "__main__":
    run(use)
