"""Brings a file whose hash nobody has told yet into the cache, and tells it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import FetchError
from pybuild.fetch.addresses import check_safe, local_path
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.source import cached_path
from pybuild.model.plan import Download

if TYPE_CHECKING:
    import requests


def fetch_unhashed(
    url: str,
    name: str,
    *,
    cache: Path,
    session: Callable[[], requests.Session],
    progress: Progress = SILENT,
) -> tuple[Path, str]:
    """Return a file's path in the cache, where a build finds it later, and its sha256.

    Only for what a person will look at: no build takes bytes on trust.

    Raises:
        FetchError: it cannot be downloaded or written.
    """
    from pybuild.fetch.download import download
    from pybuild.fetch.writer import Writer

    if local_path(url) is None:
        check_safe(url, f"the source of {name}")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="new.", dir=cache) as folder:
            part = Path(folder, "part")
            with part.open("x+b") as stream:
                writer = Writer(stream, name, progress)
                download(session(), url, writer)
                sha256 = writer.close()
            target = cached_path(Download(file=name, sha256=sha256, url=url), cache)
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
    except OSError as error:
        raise FetchError(
            f"{name} cannot be kept in {cache}: {str(error.strerror or error).lower()}"
        ) from None
    progress.finished()
    return target, sha256
