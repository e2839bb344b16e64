"""What Cray's modules of netCDF, PnetCDF, FFTW and LibSci set.

Other machines' modules of the same libraries set what the site's templates use, see ``variables``.
Where the box was given no library, a module is a shell: its variables name an empty root, and the
wrappers add nothing.
"""

from __future__ import annotations

from pybuild.box.layout import Layout
from pybuild.box.products import Effects, linked, product
from pybuild.model.pairs import Pairs


def netcdf(name: str, version: str, layout: Layout) -> Effects:
    """Return what ``cray-netcdf`` and ``cray-netcdf-hdf5parallel`` set."""
    root = layout.root("netcdf", name, version, parallel=True)
    return _effects("netcdf", name, version, layout, (("NETCDF_DIR", root),))


def pnetcdf(name: str, version: str, layout: Layout) -> Effects:
    """Return what ``cray-parallel-netcdf`` sets."""
    root = layout.root("pnetcdf", name, version, parallel=True)
    return _effects("pnetcdf", name, version, layout, (("PNETCDF_DIR", root),))


def fftw(name: str, version: str, layout: Layout) -> Effects:
    """Return what ``cray-fftw`` sets: its DIR is the folder with the libraries."""
    root = layout.root("fftw", name, version, parallel=True)
    own = (("FFTW_ROOT", root), ("FFTW_DIR", f"{root}/lib"), ("FFTW_INC", f"{root}/include"))
    return _effects("fftw", name, version, layout, own)


def blas(name: str, version: str, layout: Layout) -> Effects:
    """Return what ``cray-libsci`` sets; the wrappers link it wherever something uses it."""
    root = layout.root("blas", name, version, parallel=True)
    return _effects("blas", name, version, layout, (("CRAY_LIBSCI_PREFIX_DIR", root),))


def _effects(kind: str, name: str, version: str, layout: Layout, own: Pairs) -> Effects:
    if not name.startswith("cray-"):
        return (), (), ()
    root = layout.root(kind, name, version, parallel=True)
    word = name.upper().replace("-", "_")
    own = (*own, (f"{word}_VERSION", version), (f"{word}_PREFIX", root))
    link = layout.link(kind)
    # Only shared libraries: nothing that is linked statically is of use to a Python.
    sets, _, appends = product(
        name, f"-I{root}/include" if link else "", linked(root, link) if link else "", ""
    )
    return (*own, *sets), (("CRAY_LD_LIBRARY_PATH", f"{root}/lib"),), appends if link else ()
