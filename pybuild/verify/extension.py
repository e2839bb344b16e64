"""The extension module that a check names: found by path, never by importing it."""

from __future__ import annotations

import re
from collections.abc import Callable

from pybuild.verify.families import FAMILIES
from pybuild.verify.resolve import Closure, Found, Loader

Shape = Callable[[str, Loader, tuple[str, ...]], str]

# PEP 3149, PEP 384; Python 2 has ``MPI.so`` and ``MPImodule.so``.
_OWN = r"(?:module)?(?:\.(?:cpython-[^.]+|abi3|pypy[^.]+|graalpy[^.]+))?\.so"
# Wheels of an index may hold a module once for each MPI: ``MPI.mpich.cpython-311-x86_64-linux-gnu.so``.
_FOREIGN = r"\.(?P<abi>[A-Za-z0-9_]+)(?:\.(?:cpython-[^.]+|abi3|pypy[^.]+))\.so"
# ``libhdf5-5ad7b7cd.so.310``: the name that auditwheel gives to a library that it copies into a wheel.
_BUNDLED = re.compile(r"-[0-9a-f]{8}\.so")


def find_extensions(tree_names: dict[str, tuple[str, ...]], module: str) -> tuple[list[str], list[str]]:
    """Return the files that are the extension module, and those that are a wheel's variants of it.

    Args:
        tree_names: site-packages folders and, for each, the names in the folder of the module's package.
        module: dotted name, ``mpi4py.MPI``.
    """
    *packages, stem = module.split(".")
    own = re.compile(re.escape(stem) + _OWN)
    foreign = re.compile(re.escape(stem) + _FOREIGN)
    mine, variants = [], []
    for folder, names in tree_names.items():
        for name in names:
            path = "/".join((folder, *packages, name))
            if own.fullmatch(name):
                mine.append(path)
            elif foreign.fullmatch(name):
                variants.append(path)
    return mine, variants


def look_for(module: str, loader: Loader) -> tuple[list[str], list[str]]:
    """Return the files of an extension module, relative to the prefix, and what is wrong about them.

    Args:
        module: dotted name, ``mpi4py.MPI``.
    """
    tree = loader.tree
    package = "/".join(module.split(".")[:-1])
    places = {folder: tree.names(f"{folder}/{package}".rstrip("/")) for folder in tree.site_packages()}
    mine, variants = find_extensions(places, module)
    problems = [
        f"{path}: this is the index's wheel, not a build; expected one {module} linked for this site"
        for path in variants
    ]
    if not mine and not variants:
        where = ", ".join(places) or "any lib/python*/site-packages"
        problems.append(f"{module}: no extension module found in {where}, expected a shared object")
    return mine, problems


def check_shape(path: str, loader: Loader, symbols: tuple[str, ...]) -> str:
    """Return why a file cannot be an extension that shares its library with the rest, ``""`` where it can.

    Args:
        path: relative to the prefix.
        symbols: functions that must come from the library and not stand in the extension itself.

    Raises:
        VerificationError: the file is a damaged ELF file.
    """
    final = loader.tree.final(path)
    facts = loader.facts(final)
    if facts is None:
        return f"{path}: is not an ELF file, expected a shared object"
    if facts.kind != "shared":
        found = "statically linked program" if facts.kind == "static" else facts.kind
        return f"{path}: is a {found}, expected a shared object with a dynamic section"
    for symbol in symbols:
        if loader.defines(final, symbol):
            return f"{path}: contains {symbol} itself, so it is linked statically; expected a shared library"
    return ""


def check_file_shape(path: str, loader: Loader, symbols: tuple[str, ...]) -> str:
    """Return why a library or program cannot share its library with the rest, ``""`` where it can.

    Takes and raises what :func:`check_shape` does.
    """
    final = loader.tree.final(path)
    facts = loader.facts(final)
    if facts is None or facts.kind == "static":
        found = "no ELF file" if facts is None else "a statically linked program"
        return f"{path}: is {found}, expected a shared library or a program"
    for symbol in symbols:
        if loader.defines(final, symbol):
            return f"{path}: contains {symbol} itself, so it is linked statically; expected a shared library"
    return ""


def symbols_of(soname: str) -> tuple[str, ...]:
    """Return the functions that a static copy of the library ``soname`` would bring into an extension."""
    return tuple(family.symbol for family in FAMILIES if soname.startswith(family.stem))


def matches(name: str, soname: str) -> bool:
    """Return whether a NEEDED name belongs to a stem: ``libmpi_gnu_91.so.12`` to ``libmpi``.

    Args:
        soname: stem, or several with ``|`` between them; anything from ``.so`` on is ignored.
    """
    stems = (stem.partition(".so")[0] for stem in soname.split("|"))
    return any(re.match(re.escape(stem) + r"(\.so|[_-])", name) for stem in stems if stem)


def check_links(
    path: str, soname: str, closure: Closure, expected: str | None, loader: Loader
) -> tuple[Found | None, str]:
    """Return the library that an extension is linked to, and what is wrong about it (``""`` for nothing).

    Args:
        path: of the extension, relative to the prefix.
        soname: stems of the library, see ``matches``.
        expected: final path of the provider's library; None accepts any.
    """
    names = [name for name in closure.facts.needed if matches(name, soname)]
    if not names:
        needs = ", ".join(closure.facts.needed) or "nothing"
        return None, f"{path}: is not linked to {soname}, found only {needs}"
    hits = [item for item in closure.found if item.name in names]
    wanted = loader.tree.real(expected) if expected is not None else None
    # libfftw3_omp and libfftw3f stand before libfftw3 itself: whichever is the provider's is the one.
    hit = next((h for h in hits if h.real is not None and h.real == wanted), None) or _itself(
        hits, soname, loader
    )
    if _BUNDLED.search(hit.name):
        return (
            hit,
            f"{path}: is linked to {hit.name}, a copy that a wheel brought; expected the site's {soname}",
        )
    if expected is None or hit.real is None:
        return hit, ""
    found = loader.tree.shown(hit.real)
    if wanted is None:
        return hit, f"{path}: is linked to {found}, but the provider's library {expected} does not exist"
    if hit.real != wanted:
        return hit, f"{path}: is linked to {found}, expected the provider's library {expected}"
    return hit, ""


def _itself(hits: list[Found], soname: str, loader: Loader) -> Found:
    """Choose the library itself where companions (``libmpi_cxx``) are linked beside it."""
    for hit in hits:
        if hit.real is not None and any(loader.defines(hit.real, name) for name in symbols_of(soname)):
            return hit
    return hits[0]
