"""Drafts a recipe from a project of the package index: asks, fetches, looks into what came."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from pybuild.authoring import metadata, modules
from pybuild.authoring.building import building
from pybuild.authoring.clues import look
from pybuild.authoring.draft import source_draft, wheel_draft
from pybuild.authoring.offers import Offer, chosen, compiled, offers, pure
from pybuild.authoring.record import Drafted, DraftedRelease
from pybuild.errors import FetchError
from pybuild.fetch.index import list_files
from pybuild.fetch.listing import IndexFile
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.source import fetch
from pybuild.fetch.unhashed import fetch_unhashed
from pybuild.fetch.unpack import unpack
from pybuild.model.plan import Download


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be drafted.

    Attributes:
        project: name on the index, in any spelling.
        form: ``wheel``, ``source``, or ``""`` for a wheel where one serves every machine;
            ``site`` is the same but takes compiled wheels of what does not need the site's libraries.
        count: how many versions.
        fits: specifier that the versions should fit.
    """

    project: str
    form: str = ""
    count: int = 3
    fits: str = ""


class Index:
    """The package index as pip is configured, with a cache for what is looked into.

    Args:
        cache: as for builds, which find there what was fetched for a draft.
        known: names of all recipes.
    """

    def __init__(
        self, network: Network, cache: Path, known: Collection[str] = (), progress: Progress = SILENT
    ) -> None:
        self._network = network
        self._cache = cache
        self._known = known
        self._progress = progress

    def offers(self, project: str) -> tuple[Offer, ...]:
        """Return what the index has of a project, newest first.

        Raises:
            FetchError: no index has it, or cannot be asked.
        """
        return offers(list_files(self._network.session, self._network.config, project), project)

    def draft(self, wish: Wish) -> Drafted:
        """Return the draft of a recipe.

        Raises:
            FetchError: no index has the project, or it has no file of the form that is wanted.
            ChecksumError, ArchiveError: a file is damaged.
        """
        name = canonicalize_name(wish.project)
        found = self.offers(name)
        taken = self._form(wish, found)
        rows = chosen(found, wish.count, wheel=taken == "wheel", fits=wish.fits)
        if taken == "wheel":
            rows = tuple(row for row in rows if pure(row.wheels) or compiled(row.wheels))
        if not rows:
            raise _nothing(name, found, taken)
        return self._from_wheels(name, rows) if taken == "wheel" else self._from_source(name, rows)

    def _form(self, wish: Wish, found: tuple[Offer, ...]) -> str:
        """Return ``wheel`` or ``source``."""
        if wish.form in ("wheel", "source"):
            return wish.form
        newest = chosen(found, 1, wheel=True, fits=wish.fits)
        if newest and pure(newest[0].wheels):
            return "wheel"
        if wish.form != "site" or not newest or not compiled(newest[0].wheels):
            return "source"
        sources = chosen(found, 1, wheel=False, fits=wish.fits)
        if not sources:
            return "wheel"
        with self._unpacked(sources[0].sdist) as folder:
            seen = building(folder, canonicalize_name(wish.project), modules.Modules(), compiled=True)
        return "source" if seen.mpi or len(seen.virtual) > 1 else "wheel"

    def _from_wheels(self, name: str, rows: tuple[Offer, ...]) -> Drafted:
        releases = tuple(self._wheel_release(row) for row in rows)
        first = _wheels(rows[0])[0]
        path = self.bring(first)
        with unpacked(path, self._cache) as folder:
            clues = {clue.virtual: clue for clue in look(folder)}
        user = clues["mpi4py"].file if "mpi4py" in clues and name != "mpi4py" else ""
        info, found = metadata.of_wheel(path), modules.of_wheel(path, name)
        return wheel_draft(name, name, info, found, releases, mpi4py=user)

    def _wheel_release(self, row: Offer) -> DraftedRelease:
        files = tuple((file.name, self.hash_of(file)) for file in _wheels(row))
        return DraftedRelease(version=row.version, python=row.python, wheels=files)

    def _from_source(self, name: str, rows: tuple[Offer, ...]) -> Drafted:
        newest = rows[0]
        releases = tuple(self._source_release(name, row) for row in rows)
        wheels = compiled(newest.wheels)
        with self._unpacked(newest.sdist) as folder:
            info = metadata.of_source(folder)
            found = modules.of_source(folder, name)
            if pure(newest.wheels):
                told: bool | None = False
            else:
                told = True if wheels else None
            built = building(folder, name, found, compiled=told, known=self._known)
        if wheels and (info.requires is None or (built.compiled and not found.extensions)):
            path = self.bring(wheels[-1])
            if info.requires is None:
                info = replace(info, requires=metadata.of_wheel(path).requires, where="the wheel's METADATA")
            if not found.extensions:
                found = replace(found, extensions=modules.of_wheel(path, name).extensions)
        return source_draft(name, ("pypi", name), info, found, built, releases)

    def _source_release(self, name: str, row: Offer) -> DraftedRelease:
        assert row.sdist is not None
        file = row.sdist.name if row.sdist.name != f"{name}-{row.version}.tar.gz" else ""
        return DraftedRelease(
            version=row.version, python=row.python, file=file, sha256=self.hash_of(row.sdist)
        )

    def hash_of(self, file: IndexFile) -> str:
        """Return the hash that the index tells, or else that of the bytes."""
        if file.sha256:
            return file.sha256
        return fetch_unhashed(
            file.url,
            file.name,
            cache=self._cache,
            session=lambda: self._network.session,
            progress=self._progress,
        )[1]

    def bring(self, file: IndexFile) -> Path:
        """Return a file's path in the cache.

        Raises:
            FetchError, ChecksumError: it does not come, or not as the index says.
        """
        download = Download(file=file.name, sha256=self.hash_of(file), pypi="-")
        return fetch(
            download,
            cache=self._cache,
            locate=lambda _: file.url,
            session=lambda: self._network.session,
            progress=self._progress,
        )

    @contextmanager
    def _unpacked(self, file: IndexFile | None) -> Iterator[Path]:
        assert file is not None
        with unpacked(self.bring(file), self._cache) as folder:
            yield folder


@contextmanager
def unpacked(archive: Path, cache: Path) -> Iterator[Path]:
    """Unpack an archive into a folder that is removed afterwards.

    Raises:
        ArchiveError: it is damaged or hostile.
    """
    with tempfile.TemporaryDirectory(prefix="look.", dir=cache, ignore_cleanup_errors=True) as parent:
        folder = Path(parent, "source")
        unpack(archive, folder)
        yield folder


def _wheels(row: Offer) -> tuple[IndexFile, ...]:
    """Return the wheels that a recipe names: the one for everything, or those for each Python and machine."""
    everywhere = pure(row.wheels)
    return (everywhere,) if everywhere else compiled(row.wheels)


def _nothing(name: str, found: tuple[Offer, ...], form: str) -> FetchError:
    if form == "wheel":
        return FetchError(
            f"project {name} has no wheel for Linux on the index", hint=f"pybuild recipe new {name} --source"
        )
    what = "wheels alone" if any(offer.wheels for offer in found) else "no file that can be used"
    return FetchError(
        f"project {name} has no source archive on the index, it has {what}",
        hint=f"pybuild recipe new {name} --wheel, or recipe new with the https address of an archive",
    )
