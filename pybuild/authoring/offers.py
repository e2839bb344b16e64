"""What an index offers of a project, put together by version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from pybuild.fetch.listing import IndexFile

_SDIST_ENDS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
# What a recipe may call a version; development versions and epochs are not among them.
_NAMED = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One version of a project on the index.

    Attributes:
        version: in the normal form.
        sdist: its source archive, None where there is none.
        wheels: its wheels.
    """

    version: str
    sdist: IndexFile | None = None
    wheels: tuple[IndexFile, ...] = ()

    @property
    def python(self) -> str:
        """The Pythons that it is for, ``""`` where nobody says so or nobody can read it."""
        files = (*((self.sdist,) if self.sdist else ()), *self.wheels)
        return next((text for file in files if (text := specifier(file.requires_python))), "")


def specifier(text: str) -> str:
    """Return a specifier without blanks, ``""`` where it is none: old releases have strange ones."""
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return ""
    return ",".join(part.strip().replace(" ", "") for part in text.split(",") if part.strip())


def offers(files: Iterable[IndexFile], project: str) -> tuple[Offer, ...]:
    """Return the versions that files make up, newest first; what was withdrawn is left out."""
    sdists: dict[Version, list[IndexFile]] = {}
    wheels: dict[Version, list[IndexFile]] = {}
    for file in files:
        version = None if file.yanked else version_of(file.name, project)
        if version is not None and _NAMED.fullmatch(str(version)):
            (wheels if file.name.endswith(".whl") else sdists).setdefault(version, []).append(file)
    return tuple(
        Offer(
            version=str(version), sdist=_best(sdists.get(version, [])), wheels=tuple(wheels.get(version, ()))
        )
        for version in sorted({*sdists, *wheels}, reverse=True)
    )


def version_of(filename: str, project: str) -> Version | None:
    """Return the version of a project's archive, None where the file is something else."""
    wanted = canonicalize_name(project)
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        elif filename.endswith((".tar.gz", ".zip")):
            name, version = parse_sdist_filename(filename)
        else:
            return _older_name(filename, wanted)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return version if name == wanted else None


def chosen(found: tuple[Offer, ...], count: int, *, wheel: bool, fits: str = "") -> tuple[Offer, ...]:
    """Return the newest versions that can be drafted; pre-releases only where there is nothing else.

    Args:
        wheel: whether wheels are wanted, else source archives.
        fits: specifier that the versions should fit; where none does, it is as good as empty.
    """
    usable = [offer for offer in found if (offer.wheels if wheel else offer.sdist)]
    wanted = SpecifierSet(fits)
    for rows in (
        [offer for offer in usable if wanted.contains(offer.version, prereleases=False)],
        [offer for offer in usable if not Version(offer.version).is_prerelease],
    ):
        if rows:
            return tuple(rows[:count])
    return tuple(usable[:count])


def pure(wheels: Iterable[IndexFile]) -> IndexFile | None:
    """Return the wheel that serves every machine and Python 3, None where there is none."""
    for file in wheels:
        tags = _tags(file)
        if any(
            tag.platform == "any" and tag.abi == "none" and tag.interpreter.startswith("py3") for tag in tags
        ):
            return file
    return next((file for file in wheels if any(tag.platform == "any" for tag in _tags(file))), None)


def compiled(wheels: Iterable[IndexFile]) -> tuple[IndexFile, ...]:
    """Return one Linux wheel for each CPython and each of x86_64 and aarch64, the least demanding one."""
    best: dict[tuple[str, str, str], tuple[tuple[int, ...], IndexFile]] = {}
    for file in wheels:
        for tag in _tags(file):
            machine = next((name for name in ("x86_64", "aarch64") if tag.platform.endswith(name)), "")
            if not machine or not tag.platform.startswith("manylinux") or not _plain(tag):
                continue
            key = (tag.interpreter, tag.abi, machine)
            demand = _glibc(tag.platform)
            if key not in best or demand < best[key][0]:
                best[key] = (demand, file)
    rows = sorted(best.items(), key=lambda row: (_number(row[0][0]), row[0][1], row[0][2]))
    return tuple({file.name: file for _, (_, file) in rows}.values())


def _plain(tag: Tag) -> bool:
    """Return whether a wheel is for a usual CPython: not PyPy, not the build without the global lock."""
    return bool(re.match(r"(cp|py)\d", tag.interpreter)) and not re.fullmatch(r"cp\d+t", tag.abi)


def _glibc(platform: str) -> tuple[int, ...]:
    """Return the glibc that a platform tag asks for; the old names stand for 2.5, 2.12 and 2.17."""
    if found := re.match(r"manylinux_(\d+)_(\d+)_", platform):
        return int(found[1]), int(found[2])
    old = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    return old.get(platform.split("_")[0], (9, 9))


def _number(interpreter: str) -> tuple[int, int]:
    digits = re.sub(r"\D", "", interpreter)
    return int(digits[:1] or 0), int(digits[1:] or 0)


def _tags(file: IndexFile) -> frozenset[Tag]:
    return parse_wheel_filename(file.name)[3]


def _best(files: list[IndexFile]) -> IndexFile | None:
    return min(files, key=lambda file: _rank(file.name), default=None)


def _rank(name: str) -> int:
    return next((place for place, end in enumerate(_SDIST_ENDS) if name.endswith(end)), len(_SDIST_ENDS))


def _older_name(filename: str, wanted: str) -> Version | None:
    """Return the version in a name such as ``pkg-1.0.tar.bz2``, which no rule is about any more."""
    stem = next((filename.removesuffix(end) for end in _SDIST_ENDS if filename.endswith(end)), "")
    name, _, version = stem.rpartition("-")
    try:
        return Version(version) if canonicalize_name(name) == wanted else None
    except InvalidVersion:
        return None
