"""Writes the members of an archive below one folder, and never through a link."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from pybuild.errors import ArchiveError
from pybuild.fetch.members import Allowance, check_hardlink, check_symlink, parts_of, refuse


class Tree:
    """A folder that grows member by member.

    Args:
        archive: for error sentences.
        root: an empty folder that nobody else writes to.
    """

    def __init__(self, archive: Path, root: Path, allowance: Allowance) -> None:
        self._archive = archive
        self._root = root
        self._allowance = allowance
        self._leaving: list[tuple[str, str]] = []

    def folder(self, name: str) -> None:
        """Add a folder."""
        self._allowance.member(name)
        self._make_folders(name, parts_of(self._archive, name))

    def file(self, name: str, chunks: Iterable[bytes], *, executable: bool, mtime: float) -> None:
        """Add a file; of its mode only the owner's right to execute is kept, so no setuid bit comes in."""
        self._allowance.member(name)
        path = self._place(name)
        mode = 0o755 if executable else 0o644
        with path.open("xb") as stream:
            for chunk in chunks:
                self._allowance.data(name, len(chunk))
                stream.write(chunk)
        path.chmod(mode)
        # Times matter: make would run autoconf again if configure looked older than its source.
        seconds = min(max(mtime, 0), 2**32)
        os.utime(path, (seconds, seconds))

    def symlink(self, name: str, target: str) -> None:
        """Add a symbolic link that stays inside."""
        self._allowance.member(name)
        ups = check_symlink(self._archive, name, target)
        if ups and ups == len(parts_of(self._archive, name)) - 1:
            self._leaving.append((name, target))
        self._place(name).symlink_to(target)

    def hardlink(self, name: str, target: str) -> None:
        """Add a copy of an earlier file: a build that edits one of the names must not change both."""
        self._allowance.member(name)
        source = self._root.joinpath(*check_hardlink(self._archive, name, target))
        self._no_links_above(name, source)
        if not _is(source, stat.S_ISREG):
            raise refuse(self._archive, name, f"it is a link to {target!r}, which is no file of the archive")
        if source == self._root.joinpath(*parts_of(self._archive, name)):
            return
        path = self._place(name)
        self._allowance.data(name, source.stat().st_size)
        shutil.copy2(source, path)

    def finished(self) -> Path:
        """Return the single top folder, or the whole where there is no such folder.

        Raises:
            ArchiveError: the archive is empty, or a link leads out of the top folder.
        """
        entries = list(self._root.iterdir())
        if not entries:
            raise ArchiveError(f"{self._archive} is empty")
        if len(entries) > 1 or not _is(entries[0], stat.S_ISDIR):
            return self._root
        for name, target in self._leaving:
            raise refuse(self._archive, name, f"it is a link to {target!r}, out of the top folder")
        return entries[0]

    def _place(self, name: str) -> Path:
        """Return a free path for a member; an earlier file of the same name makes room for it."""
        parts = parts_of(self._archive, name)
        if not parts:
            raise refuse(self._archive, name, "it has no name")
        self._make_folders(name, parts[:-1])
        path = self._root.joinpath(*parts)
        if _is(path, stat.S_ISLNK):
            raise refuse(self._archive, name, "it would be written through a link")
        if _is(path, stat.S_ISDIR):
            raise refuse(self._archive, name, "it would replace a folder")
        path.unlink(missing_ok=True)
        return path

    def _make_folders(self, name: str, parts: tuple[str, ...]) -> None:
        path = self._root
        for part in parts:
            path = path / part
            if _is(path, stat.S_ISDIR):
                continue
            if os.path.lexists(path):
                raise refuse(self._archive, name, f"{part!r} is no folder but a file or link")
            path.mkdir(0o755)

    def _no_links_above(self, name: str, path: Path) -> None:
        for folder in path.parents:
            if folder == self._root:
                return
            if _is(folder, stat.S_ISLNK):
                raise refuse(self._archive, name, "it is a link to something behind a link")


def _is(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
