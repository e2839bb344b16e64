"""Check that GPAW computes a hydrogen molecule whose grid is spread over the ranks."""

from pybuild_ranks import check, run


def use(comm):
    """Compute the molecule, with each rank in charge of its own part of the grid, and compare the energy."""
    from ase import Atoms
    from gpaw import GPAW
    from gpaw.mpi import world

    check(world.size == comm.Get_size(), f"GPAW sees {world.size} rank(s)")
    molecule = Atoms("H2", [(2.0, 2.0, 1.63), (2.0, 2.0, 2.37)], cell=(4, 4, 4))
    molecule.calc = GPAW(mode="fd", xc="LDA", h=0.25, txt=None, convergence={"energy": 1e-4})
    energy = molecule.get_potential_energy()
    grid = molecule.calc.wfs.gd
    check(grid.comm.size == world.size, "one rank has the whole grid")
    energies = comm.allgather(float(energy))
    check(max(energies) - min(energies) < 1e-8, f"the ranks found different energies: {energies}")
    # What one rank finds alone.
    check(abs(energy + 6.066) < 0.01, f"the energy is {energy} eV, expected -6.066")


if __name__ == "__main__":
    run(use)
