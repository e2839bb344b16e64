"""Brings everything that a plan needs: from a mirror, the cache, and the network where it is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pybuild.errors import FetchError
from pybuild.fetch.addresses import local_path
from pybuild.fetch.mirror import Mirror
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.source import cached_path, fetch
from pybuild.model.plan import Download


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Where files come from in one run.

    Attributes:
        cache: folder of fetched files.
        environ: the user's environment: pip's and git's settings.
        mirror: looked into first, or None.
        offline: whether nothing may be asked over the network.
        foreign: addresses of files of conda channels by SHA-256; such a channel may be a folder.
        wanted: what to name in the hint on a mirror that lacks something.
    """

    cache: Path
    environ: Mapping[str, str]
    mirror: Mirror | None = None
    offline: bool = False
    foreign: Mapping[str, str] = field(default_factory=dict)
    wanted: str = "SPEC"
    progress: Progress = SILENT

    def files(self, downloads: Iterable[Download]) -> dict[str, Path]:
        """Return the path of each file by its SHA-256; all bytes were checked just now.

        Raises:
            FetchError: a file cannot be had; offline, one sentence names all of them.
            ChecksumError: bytes are not those that the plan names.
        """
        return dict(self.each(downloads))

    def each(self, downloads: Iterable[Download]) -> Iterator[tuple[str, Path]]:
        """Yield SHA-256 and path of each file, each fetched when it is asked for; else as :meth:`files`."""
        wanted = {download.sha256: download for download in downloads}
        if self.offline:
            self._demand_all(wanted.values())
        with Network(self.environ, offline=self.offline) as network:
            for sha256, download in wanted.items():
                yield sha256, self._file(download, network)

    def addresses(self, downloads: Iterable[Download]) -> dict[str, str]:
        """Return the address of each file by its SHA-256: that in the mirror, else where it is published.

        Raises:
            FetchError: nobody has a file.
        """
        wanted = {download.sha256: download for download in downloads}
        if self.offline:
            self._demand_all(d for d in wanted.values() if not (d.git or d.url))
        with Network(self.environ, offline=self.offline) as network:
            return {sha256: self._address(download, network) for sha256, download in wanted.items()}

    def _file(self, download: Download, network: Network) -> Path:
        path = self.mirror.path(download.sha256) if self.mirror else None
        if path is not None:
            return path
        if download.git and not self.offline:
            from pybuild.fetch.git import fetch_commit

            return fetch_commit(download, cache=self.cache, environ=self.environ)
        return fetch(
            download,
            cache=self.cache,
            locate=lambda d: self.foreign.get(d.sha256) or network.locate(d),
            session=lambda: network.session,
            progress=self.progress,
        )

    def _address(self, download: Download, network: Network) -> str:
        if self.mirror is not None and self.mirror.holds(download.sha256):
            return (self.mirror.folder / self.mirror.files[download.sha256]).as_uri()
        cached = cached_path(download, self.cache)
        if self.offline and not (download.git or download.url) and cached.is_file():
            return cached.as_uri()
        return download.git or download.url or network.locate(download)

    def _demand_all(self, downloads: Iterable[Download]) -> None:
        missing = sorted(download.file for download in downloads if not self._is_here(download))
        if not missing:
            return
        places = f"in the mirror {self.mirror.folder} nor " if self.mirror else ""
        where = f"neither {places}in the cache {self.cache}" if places else f"not in the cache {self.cache}"
        count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
        folder = self.mirror.folder if self.mirror else "DIR"
        then = "" if self.mirror else ", then add --mirror DIR here"
        raise FetchError(
            f"offline, and {count} {where}: {', '.join(missing)}",
            hint=f"where there is a network: pybuild mirror create {self.wanted} --to {folder}{then}",
        )

    def _is_here(self, download: Download) -> bool:
        if self.mirror is not None and self.mirror.holds(download.sha256):
            return True
        address = local_path(self.foreign.get(download.sha256, ""))
        return cached_path(download, self.cache).is_file() or (address is not None and address.is_file())
