"""How a source is probably built: system, build requirements, what the site must give, variables."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pybuild.authoring.clues import Clue, kind_of, languages, look
from pybuild.authoring.metadata import pyproject
from pybuild.authoring.modules import Modules
from pybuild.authoring.record import Row
from pybuild.authoring.texts import read, walk
from pybuild.load.virtuals import VIRTUALS, known_virtual

_COMPILING = ("scikit_build_core", "scikit_build", "skbuild", "mesonpy", "maturin", "pdm_build_meson")
_RECIPES = ("petsc", "slepc", "adios2", "gsl", "cfitsio", "boost")
_ONLY_TOLD = ("openmp", "cuda")
_READS = re.compile(
    r"(?:environ(?:\.get)?|getenv|get_env\w*|has_env|env_var)\s*[\[(]\s*[\"']([A-Z][A-Z0-9_]+)[\"']"
    r"|ENV\{([A-Z][A-Z0-9_]+)\}|[\"']([A-Z][A-Z0-9]*_(?:DIR|ROOT|MPI|PATH))[\"']"
    r"|\b(MPICC|MPICXX|HDF5_DIR|HDF5_MPI|NETCDF4_DIR|PNETCDF_DIR|FFTW_DIR|PETSC_DIR|SLEPC_DIR)\b"
)
# What packages call the things that the site gives.
_VARIABLES: dict[str, str] = {
    "MPICC": "${{ mpi.cc }} ${{ mpi.shared }}",
    "MPICXX": "${{ mpi.cxx }} ${{ mpi.shared }}",
    "MPIFC": "${{ mpi.fc }}",
    "MPI_ROOT": "${{ mpi.root }}",
    "HDF5_DIR": "${{ hdf5.root }}",
    "HDF5_ROOT": "${{ hdf5.root }}",
    "HDF5_MPI": "ON",
    "NETCDF4_DIR": "${{ netcdf.root }}",
    "NETCDF_DIR": "${{ netcdf.root }}",
    "NETCDF_ROOT": "${{ netcdf.root }}",
    "PNETCDF_DIR": "${{ pnetcdf.root }}",
    "FFTW_DIR": "${{ fftw.root }}",
    "FFTW_ROOT": "${{ fftw.root }}",
    "FFTW_PATH": "${{ fftw.root }}",
    "BLAS_ROOT": "${{ blas.root }}",
    "PETSC_DIR": "${{ host }}",
    "SLEPC_DIR": "${{ host }}",
    "ADIOS2_DIR": "${{ host }}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What was guessed about a build.

    Attributes:
        system: the recipe's build system.
        compiled: whether it needs a compiler.
        mpi: whether what is compiled uses MPI.
        requires: build requirements as the source writes them.
        mpi4py: where Python code imports mpi4py, ``""`` where none does.
        recipes: names of other libraries that it seems to use and that have recipes.
    """

    system: str
    compiled: bool
    mpi: bool
    virtual: tuple[Row, ...] = ()
    requires: tuple[str, ...] = ()
    requires_notes: tuple[str, ...] = ()
    env: tuple[Row, ...] = ()
    env_notes: tuple[str, ...] = ()
    mpi4py: str = ""
    recipes: tuple[str, ...] = ()
    recipe_notes: tuple[str, ...] = ()


def building(
    folder: Path, name: str, modules: Modules, *, compiled: bool | None, known: Collection[str] = ()
) -> Building:
    """Return guesses about the build of an unpacked source.

    Args:
        name: of the package, which does not need itself.
        compiled: where the index's wheels tell, else None.
        known: names of all recipes.
    """
    clues = {clue.virtual: clue for clue in look(folder)}
    system = system_of(folder)
    spoken = languages(folder)
    if compiled is None:
        compiled = system != "python" or _compiles(folder, modules)
    mpi = compiled and "mpi" in clues and name != "mpich"
    virtual = _virtual(clues, mpi) if compiled else ()
    asked = {row.text.partition("[")[0] for row in virtual}
    requires, notes = _requires(folder, spoken) if system == "python" else ((), ())
    env, env_notes = _env(folder, asked, spoken, system) if compiled else ((), ())
    others = [clues[one] for one in (*_RECIPES, *_ONLY_TOLD) if one in clues and one != name and compiled]
    recipes = tuple(clue.virtual for clue in others if clue.virtual in known)
    return Building(
        system=system,
        compiled=compiled,
        mpi=mpi,
        virtual=virtual,
        requires=requires,
        requires_notes=notes,
        env=env,
        env_notes=env_notes,
        mpi4py=clues["mpi4py"].file if "mpi4py" in clues and name != "mpi4py" else "",
        recipes=recipes,
        recipe_notes=tuple(f"guessed: {clue.virtual}, because of {_seen(clue)}" for clue in others),
    )


def system_of(folder: Path) -> str:
    """Return the build system whose files lie at the top of a source."""
    files = (
        ("python", ("pyproject.toml", "setup.py")),
        ("autotools", ("configure",)),
        ("cmake", ("CMakeLists.txt",)),
        ("meson", ("meson.build",)),
        ("autotools", ("configure.ac", "autogen.sh")),
        ("make", ("Makefile", "makefile", "GNUmakefile")),
    )
    for system, names in files:
        if any((folder / name).is_file() for name in names):
            return system
    return "shell"


def _compiles(folder: Path, modules: Modules) -> bool:
    backend = str(pyproject(folder).get("build-system", {}).get("build-backend", ""))
    setup = read(folder / "setup.py")
    return (
        bool(modules.extensions)
        or backend.split(".")[0] in _COMPILING
        or bool(re.search(r"\bext_modules\b|\bcythonize\b|\bf2py\b|cffi_modules|rust_extensions", setup))
    )


def _virtual(clues: Mapping[str, Clue], mpi: bool) -> tuple[Row, ...]:
    rows = [Row(text="compiler")]
    if mpi:
        rows.append(Row(text="mpi", comments=(f"guessed: mpi, because of {_seen(clues['mpi'])}",)))
    # One that is known to be parallel makes HDF5 parallel, too: a prefix holds only one of the two.
    parallel = mpi and any(f"{base}[mpi]" in clues for base in ("hdf5", "netcdf"))
    for base in ("hdf5", "netcdf", "pnetcdf", "fftw", "blas"):
        special = clues.get(f"{base}[mpi]") if mpi else None
        clue = special or clues.get(base)
        if clue is None:
            continue
        name = f"{base}[mpi]" if special or (base == "hdf5" and parallel) else base
        note = f"guessed: {name}, because of {_seen(clue)}"
        if known_virtual(name):
            rows.append(Row(text=name, comments=(note,)))
        else:
            last = rows.pop()
            rows.append(
                Row(text=last.text, comments=(*last.comments, f"{note}; no site can be asked for it"))
            )
    return tuple(rows)


def _requires(folder: Path, spoken: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return build requirements and where they were read."""
    said = pyproject(folder).get("build-system", {}).get("requires")
    if isinstance(said, list):
        return tuple(map(str, said)), ("from [build-system] of pyproject.toml",)
    setup = read(folder / "setup.py")
    rows = ["setuptools"]
    why = ["there is no [build-system], so setuptools builds it"]
    for module, requirement in (("Cython", "cython"), ("numpy", "numpy"), ("mpi4py", "mpi4py")):
        if re.search(rf"^\s*(?:from|import)\s+{module}\b", setup, re.MULTILINE):
            rows.append(requirement)
            why.append(f"setup.py imports {module}")
    if "numpy.distutils" in setup:
        why.append("numpy.distutils is gone from numpy 2.3 on and from Python 3.12 on")
    if "cython" in spoken and "cython" not in rows:
        why.append("there are .pyx files: add cython if their C files are not there")
    return tuple(rows), (f"guessed: {'; '.join(why)}",)


def _env(
    folder: Path, asked: Collection[str], spoken: Collection[str], system: str
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    reads = _variables(folder)
    rows: list[Row] = []
    if system == "python":
        base = "mpi" if "mpi" in asked else "compiler"
        rows.append(Row(key="CC", text=f"${{{{ {base}.cc }}}}"))
        if "c++" in spoken:
            rows.append(Row(key="CXX", text=f"${{{{ {base}.cxx }}}}"))
        if "fortran" in spoken:
            rows.append(Row(key="FC", text=f"${{{{ {base}.fc }}}}"))
    told = []
    for variable in reads:
        value = _VARIABLES.get(variable)
        virtual = re.search(r"\{\{ (\w+)\.", value or "")
        wanted = virtual[1] if virtual else {"HDF5_MPI": "mpi"}.get(variable, "")
        if value and (not wanted or (wanted in asked and wanted in VIRTUALS)):
            rows.append(Row(key=variable, text=value))
        elif variable not in ("CC", "CXX", "FC", "CFLAGS", "LDFLAGS", "PATH", "HOME"):
            told.append(variable)
    notes = []
    if rows:
        notes.append("guessed: what the site gives, under the names that such builds know")
    if told:
        notes.append(f"the build files also know these variables: {', '.join(told[:20])}")
    return tuple(rows), tuple(notes)


def _variables(folder: Path) -> tuple[str, ...]:
    found: list[str] = []
    for path in walk(folder):
        if kind_of(path.relative_to(folder).as_posix()) == "build":
            found += (one for row in _READS.findall(read(path)) for one in row if one)
    return tuple(dict.fromkeys(found))


def _seen(clue: Clue) -> str:
    return f"{_short(clue.word)} in {clue.file}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
