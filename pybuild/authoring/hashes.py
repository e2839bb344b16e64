"""Compares the hashes that recipes state with those that the index tells, and with the bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pybuild.authoring.stated import Stated, stated
from pybuild.errors import ChecksumError, FetchError
from pybuild.fetch.addresses import local_path
from pybuild.fetch.git import fetch_commit
from pybuild.fetch.index import find_file, list_files
from pybuild.fetch.listing import IndexFile
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.source import fetch
from pybuild.files import sha256_of
from pybuild.load.document import parse_document
from pybuild.load.dotted import dotted
from pybuild.model.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of one recipe.

    Attributes:
        wrong: hashes that are not those of the files, each ``file:line: key: sentence``.
        absent: files that could not be asked for, in the same form.
        right: how many hashes agree.
        unknown: how many hashes nobody but the bytes themselves can confirm.
    """

    wrong: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    right: int = 0
    unknown: int = 0


class Checker:
    """Checks recipes one after the other; open until the ``with`` block ends.

    Args:
        environ: the user's environment, where pip looks for its settings.
        cache: where downloads go.
        download: whether the bytes are fetched and hashed as well.
        offline: nothing may be asked over the network.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        cache: Path,
        *,
        download: bool = False,
        offline: bool = False,
        progress: Progress = SILENT,
    ) -> None:
        self._environ = environ
        self._network = Network(environ, offline=offline)
        self._cache = cache
        self._download = download
        self._progress = progress
        self._listed: dict[str, dict[str, IndexFile] | str] = {}

    def __enter__(self) -> Checker:
        """Return the checker itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._network.__exit__(kind, error, trace)

    def check(self, recipe: Recipe) -> Checked:
        """Return what comes of every hash of a recipe."""
        document = parse_document(os.path.join(recipe.directory, "recipe.yaml"), recipe.text)
        wrong, absent = [], []
        right = unknown = 0
        for one in stated(recipe):
            try:
                told = self._told(one)
                told = self._fetched(one) if self._download and told in ("", one.download.sha256) else told
            except FetchError as error:
                absent.append(document.problem(one.key, f"{dotted(one.key)}: {error.message}"))
                continue
            except ChecksumError as error:
                wrong.append(document.problem(one.key, f"{dotted(one.key)}: {error.message}"))
                continue
            if not told:
                unknown += 1
            elif told == one.download.sha256:
                right += 1
            else:
                sentence = (
                    f"{dotted(one.key)}: found {one.download.sha256}, expected {told}, "
                    f"which the index says of {one.download.file}"
                )
                wrong.append(document.problem(one.key, sentence))
        return Checked(wrong=tuple(wrong), absent=tuple(absent), right=right, unknown=unknown)

    def _told(self, one: Stated) -> str:
        """Return the hash that the index tells, ``""`` where it tells none or the file is not of an index.

        Raises:
            FetchError: the index cannot be asked, or does not have the file.
        """
        project, wanted = one.download.pypi, one.download.sha256
        if not project:
            return ""
        files = self._files(project)
        file = files.get(one.download.file)
        if file is not None and file.sha256 == wanted:
            return wanted
        # Elsewhere there may be a file of this name with the right hash; and a missing one is explained.
        config = self._network.config
        found = find_file(self._network.session, config, project, one.download.file, sha256=wanted)
        path = local_path(found.url)
        return found.sha256 or (sha256_of(path) if path else "")

    def _files(self, project: str) -> Mapping[str, IndexFile]:
        """Return a project's files by name; every project is asked for once, also when that fails."""
        if project not in self._listed:
            try:
                files = list_files(self._network.session, self._network.config, project)
                self._listed[project] = {file.name: file for file in files}
            except FetchError as error:
                self._listed[project] = error.message
        listed = self._listed[project]
        if isinstance(listed, str):
            raise FetchError(listed)
        return listed

    def _fetched(self, one: Stated) -> str:
        """Return the hash that the recipe says, after the bytes were fetched and found to have it.

        Raises:
            ChecksumError, FetchError: as fetching finds it.
        """
        if one.download.git and not self._network.offline:
            fetch_commit(one.download, cache=self._cache, environ=self._environ)
        else:
            fetch(
                one.download,
                cache=self._cache,
                locate=self._network.locate,
                session=lambda: self._network.session,
                progress=self._progress,
            )
        return one.download.sha256
