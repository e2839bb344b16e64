"""Check that PySCF computes the energy of a hydrogen molecule."""

from pyscf import gto, scf


def main():
    """Compare the Hartree-Fock energy in the smallest basis, at 0.74 angstrom, with the known one."""
    molecule = gto.M(atom="H 0 0 0; H 0 0 0.74", basis="sto-3g", verbose=0)
    energy = scf.RHF(molecule).kernel()
    assert abs(energy + 1.1167) < 1e-3, f"the energy is {energy} hartree"


main()
