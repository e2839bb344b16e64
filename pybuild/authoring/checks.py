"""The tests section of a drafted recipe."""

from __future__ import annotations

from collections.abc import Iterable

from pybuild.authoring.building import Building
from pybuild.authoring.modules import Modules
from pybuild.authoring.record import Row
from pybuild.authoring.scripts import RANKS, ranks_script
from pybuild.authoring.text import comment, quoted

# Not blas: a compiler wrapper may link it under any name.
_LINKED = ("hdf5", "netcdf", "pnetcdf", "fftw")

Scripts = tuple[tuple[str, str], ...]
"""File names and texts."""


def wheel_checks(modules: Modules, project: str, *, parallel: bool) -> tuple[tuple[str, ...], Scripts]:
    """Return the lines for a package that is taken as a wheel, and the scripts that they name.

    Args:
        parallel: whether ranks of it can be started.
    """
    imports = _imports(modules, project)
    lines, scripts = _ranks(project, imports[0]) if parallel else ((), ())
    return (f"  - imports: {_names(imports)}", *lines), scripts


def python_checks(
    modules: Modules, project: str, built: Building, *, parallel: bool
) -> tuple[tuple[str, ...], Scripts]:
    """Return the same for a package that is built from Python's side."""
    imports = _imports(modules, project)
    links = _links(modules, imports[0], built.virtual)
    lines, scripts = _ranks(project, imports[0]) if built.mpi or parallel else ((), ())
    compiled = () if built.mpi or parallel else _compiled(modules)
    return (f"  - imports: {_names(imports)}", *compiled, *links, *lines), scripts


def _compiled(modules: Modules) -> tuple[str, ...]:
    """Return the import of a compiled module: many packages go on without theirs if the compiler fails.

    Not for users of MPI: importing their compiled module may start it, and ``links`` looks at that one.
    """
    inside = [name for name in modules.extensions if name.partition(".")[0] in modules.tops and "." in name]
    if not inside:
        return ()
    others = f", one of {', '.join(inside[:5])}" if len(inside) > 1 else ""
    return (*comment(f"guessed: a compiled module{others}", "  "), f"  - imports: [{inside[0]}]")


def _ranks(project: str, module: str) -> tuple[tuple[str, ...], Scripts]:
    note = comment("a draft: it does not use anything of the package yet", "  ")
    return (*note, "  - ranks: 2", f"    python: {RANKS}"), ((RANKS, ranks_script(project, module)),)


def library_checks(project: str, built: Building) -> tuple[str, ...]:
    """Return the lines for a library or program that is not of Python's world."""
    library = f"lib/{project if project.startswith('lib') else f'lib{project}'}.so"
    note = "guessed: the name of a library that it installs"
    if built.mpi:
        return (
            *comment(note, "  "),
            f"  - links: {{library: {library}, to: mpi}}",
            *comment("guessed: a program that tells its ranks; see docs/recipes.md for what it prints", "  "),
            "  - ranks: 2",
            f"    command: [{project}]",
        )
    load = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    return (
        *comment(f"{note}; a command of the package is better", "  "),
        "  - command:",
        "      - python",
        "      - -c",
        f"      - {quoted(load)}",
        f'      - "${{{{ prefix }}}}/{library}"',
    )


def _imports(modules: Modules, project: str) -> tuple[str, ...]:
    """Return the module that is called as the project, else all of them."""
    wanted = project.replace("-", "").replace("_", "").lower()
    same = [name for name in modules.tops if name.replace("_", "").lower() == wanted]
    return tuple(same or modules.tops[:3] or (project.replace("-", "_"),))


def _links(modules: Modules, first: str, virtual: Iterable[Row]) -> list[str]:
    known = modules.mpi or modules.extensions
    module = known[0] if known else f"{first}.{first}"
    if modules.mpi:
        note = "its source uses MPI"
    elif known:
        note = f"guessed: one of {', '.join(known[:5])}"
    else:
        note = "guessed: no compiled module was found; write the dotted name of one that uses MPI"
    asked = [row.text.partition("[")[0] for row in virtual]
    lines = [*comment(note, "  "), f"  - links: {{module: {module}, to: mpi}}"] if "mpi" in asked else []
    others = [name for name in asked if name in _LINKED and known]
    if others:
        lines += comment(f"guessed: the module that links {' and '.join(others)}", "  ")
        lines += [f"  - links: {{module: {module}, to: {name}}}" for name in others]
    return lines


def _names(names: Iterable[str]) -> str:
    return f"[{', '.join(names)}]"
