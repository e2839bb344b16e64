"""Which modules a source or a wheel brings: those to import, and the compiled ones."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pybuild.authoring.clues import uses_mpi
from pybuild.authoring.texts import read, walk

_NOT_PACKAGES = re.compile(
    r"^(tests?|testing|docs?|doc|examples?|demos?|benchmarks?|tools|scripts|ci|conf|config|conftest|build|setup\w*"
    r"|noxfile|tasks|versioneer|external|extern|vendor|third_?party|utils|misc|runtests|fabfile|ez_setup|src|lib)$"
)
_NAME = r"[A-Za-z_][\w.]*"
_DECLARED = (
    re.compile(rf"\b\w*Extension\s*\(\s*(?:name\s*=\s*)?[\"']({_NAME})[\"']"),
    re.compile(rf"extension_module\s*\(\s*'({_NAME})'"),
    re.compile(
        rf"(?:python_add_library|python3?_add_library|pybind11_add_module|nanobind_add_module)\s*\(\s*({_NAME})"
    ),
)
_SHARED = re.compile(r"\.(cpython-[^/]*|abi3|pypy[^/]*)?\.?so$|\.so$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """Dotted names.

    Attributes:
        tops: what to import, the one that is called as the project first.
        extensions: compiled modules as far as they could be told, those that use MPI first.
        mpi: the compiled modules of whose source it is known that it uses MPI.
    """

    tops: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    mpi: tuple[str, ...] = ()


def of_source(folder: Path, project: str) -> Modules:
    """Return the modules of an unpacked source archive."""
    tops = _tops(folder, project)
    sources: list[str] = []
    declared: list[str] = []
    with_mpi: list[str] = []
    for path in walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".pyx" and not _aside(name):
            module = _dotted(path, folder)
            if module and module.split(".")[0] in tops:
                sources.append(module)
                with_mpi += [module] if uses_mpi(read(path)) else []
        elif path.name in ("setup.py", "CMakeLists.txt", "meson.build") and not _aside(name):
            inside = _package_of(path.parent, folder)
            for found in (match for pattern in _DECLARED for match in pattern.findall(read(path))):
                declared.append(_placed(found, inside, tops))
    names = tuple(dict.fromkeys(with_mpi + sources + declared))
    return Modules(tops=tops, extensions=names, mpi=tuple(dict.fromkeys(with_mpi)))


def of_wheel(path: Path, project: str) -> Modules:
    """Return the modules of a wheel; none where the file is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return Modules()
    tops, extensions = set(), []
    for name in names:
        first, slash, rest = name.partition("/")
        if first.endswith((".dist-info", ".data", ".libs")):
            continue
        if slash and (rest.endswith(".py") or _SHARED.search(rest)):
            tops.add(first)
        elif not slash and (first.endswith(".py") or _SHARED.search(first)):
            tops.add(first.split(".")[0])
        if _SHARED.search(name) and "/lib" not in name:
            extensions.append(_SHARED.sub("", name).replace("/", "."))
    rows = [name for name in tops if name.isidentifier()]
    extensions = [name for name in extensions if name.replace(".", "").isidentifier()]
    return Modules(tops=_sorted(rows, project), extensions=tuple(dict.fromkeys(extensions)))


def _tops(folder: Path, project: str) -> tuple[str, ...]:
    said = [
        line.strip()
        for path in sorted(
            (*folder.glob("*.egg-info/top_level.txt"), *folder.glob("src/*.egg-info/top_level.txt"))
        )
        for line in read(path).splitlines()
    ]
    rows = [name for name in said if name.isidentifier() and not name.startswith("_")]
    if not rows:
        for base in (folder, folder / "src", folder / "lib"):
            rows += _inside(base, project)
    return _sorted(rows or [project.replace("-", "_")], project)


def _inside(base: Path, project: str) -> list[str]:
    """Return the packages and modules that lie in a folder."""
    if not base.is_dir() or base.is_symlink():
        return []
    rows = []
    for path in sorted(base.iterdir()):
        package = any((path / name).is_file() for name in ("__init__.py", "__init__.pyx"))
        like = _plain(path.stem) == _plain(project)
        if path.is_dir() and (package or (like and any(path.glob("*.py")))):
            rows.append(path.name)
        elif path.suffix == ".py" and path.is_file() and path.stem != "setup":
            rows.append(path.stem)
    return [
        name
        for name in rows
        if name.isidentifier() and (not _NOT_PACKAGES.match(name) or _plain(name) == _plain(project))
    ]


def _sorted(names: list[str], project: str) -> tuple[str, ...]:
    """Return the names without repetition, the project's own first, and those of tests and tools left out."""
    kept = [name for name in names if not _NOT_PACKAGES.match(name)] or names
    kept = [name for name in kept if not name.startswith("_")] or kept
    return tuple(sorted(dict.fromkeys(kept), key=lambda name: (_distance(name, project), name)))


def _distance(name: str, project: str) -> int:
    one, two = _plain(name), _plain(project)
    return 0 if one == two else 1 if one in two or two in one else 2


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _aside(name: str) -> bool:
    return any(_NOT_PACKAGES.match(part) and part not in ("src", "lib") for part in name.split("/")[:-1])


def _package_of(place: Path, folder: Path) -> str:
    """Return the dotted package that a folder is, ``""`` where it is none."""
    parts: list[str] = []
    while place != folder and any((place / name).is_file() for name in ("__init__.py", "__init__.pyx")):
        parts.insert(0, place.name)
        place = place.parent
    return ".".join(parts)


def _dotted(path: Path, folder: Path) -> str:
    """Return the module that a .pyx file becomes, ``""`` where it lies in no package and has another top."""
    package = _package_of(path.parent, folder)
    if not package:
        parts = [part for part in path.relative_to(folder).parts[:-1] if part not in ("src", "lib")]
        package = ".".join(parts)
        if any("." in part for part in parts):
            return ""  # a folder of parts that another file includes
    stem = path.stem
    if "." in stem:  # some are named by their whole dotted name; others are templates
        return stem if stem.startswith(f"{package}.") else ""
    return f"{package}.{stem}".strip(".") if stem != "__init__" else package


def _placed(name: str, inside: str, tops: tuple[str, ...]) -> str:
    """Return a declared name with its package in front, as far as that is known."""
    if "." in name or name in tops:
        return name
    return f"{inside}.{name}" if inside else f"{tops[0]}.{name}"
