"""The base of a new prefix from a Miniconda or Miniforge installer, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import ChecksumError, FetchError, PrefixError

if TYPE_CHECKING:
    from pybuild.model.stack import Installer
    from pybuild.settings import Settings

BASH = "/bin/bash"
# Its own number first, so that an installer that survives the run which started it can be found and ended.
_START = '[ -e "$1" ] || exit 1; printf "%s\\n" "$$" > "$1"; shift; exec /bin/bash "$@"'
_KEPT = 7 * 24 * 3600.0
"""Seconds after which the copies of killed runs go."""
_BLOCK = 1 << 20


def create_base(installer: Installer, prefix: Path, settings: Settings) -> None:
    """Make a new prefix with an installer: ``bash FILE -b -p PREFIX``, in an environment made from nothing.

    The file's bytes are hashed while they are copied to a place of our own, and the copy is what runs. Nobody
    sees the prefix as one before it is whole (:mod:`pybuild.prefix.base`); whatever goes wrong, it is gone
    again, after a kill at the next command that takes its lock.

    Args:
        installer: its ``file`` is a path, or an https address that is fetched into the cache.
        prefix: absolute path where nothing is yet; installers take no white space in it.

    Raises:
        ChecksumError: the file is not the one with this hash; nothing was run.
        FetchError: it cannot be had.
        PrefixError: something stands at ``prefix``, or the installer failed or made no conda prefix.
    """
    from pybuild.commit import locked
    from pybuild.prefix import base

    file = _file(installer, settings)
    with locked(prefix, settings):
        if os.path.lexists(prefix):
            raise PrefixError(f"{prefix}: exists already", hint="name a new folder with -p")
        with _stage(Path(settings.places.cache)) as stage:
            script = _checked_copy(file, installer.sha256, stage)
            settings.report.phase(prefix.name, "base")
            marked = base.mark(prefix)
            try:
                _install(script, prefix, marked, stage, settings)
            except BaseException:
                base.undo(prefix)
                raise
            base.complete(prefix)


def _file(installer: Installer, settings: Settings) -> Path:
    if "://" not in installer.file:
        return Path(installer.file)
    from pybuild.fetch.gather import Gatherer
    from pybuild.fetch.mirror import open_mirror
    from pybuild.model.plan import Download

    name = installer.file.rsplit("/", 1)[-1]
    download = Download(file=name, sha256=installer.sha256, url=installer.file)
    gatherer = Gatherer(
        cache=Path(settings.places.cache),
        environ=settings.environ,
        mirror=open_mirror(settings.places.mirror),
        offline=settings.places.offline,
        foreign={},
        wanted=name,
        progress=settings.report,
    )
    return gatherer.files([download])[installer.sha256]


@contextmanager
def _stage(cache: Path) -> Iterator[Path]:
    """Make a folder of our own, for the copy, a home and temporary files; those of killed runs go."""
    home = cache / "installers"
    home.mkdir(parents=True, exist_ok=True)
    for left in home.iterdir():
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _KEPT:
                shutil.rmtree(left)
    stage = Path(tempfile.mkdtemp(dir=home))
    try:
        for folder in ("home", "tmp"):
            (stage / folder).mkdir()
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _checked_copy(file: Path, sha256: str, stage: Path) -> Path:
    """Return the copy; installers read themselves, and refuse a name that does not end in ``.sh``."""
    copy = stage / f"{file.name.removesuffix('.sh')}.sh"
    digest = hashlib.sha256()
    try:
        with file.open("rb") as source, copy.open("wb") as target:
            while block := source.read(_BLOCK):
                digest.update(block)
                target.write(block)
    except OSError as error:
        raise FetchError(
            f"{error.filename or file}: the installer cannot be read: {str(error.strerror).lower()}"
        ) from error
    if digest.hexdigest() != sha256.lower():
        raise ChecksumError(
            f"{file}: sha256 expected {sha256}, found {digest.hexdigest()}; it was not run",
            hint="compare both with what the installer's publisher says",
        )
    return copy


def _install(script: Path, prefix: Path, marked: Path, stage: Path, settings: Settings) -> None:
    from pybuild.process import run_logged

    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(stage / "home"),
        "TMPDIR": str(stage / "tmp"),
        "LC_ALL": "C.UTF-8",
    }
    log = Path(settings.places.cache) / "logs" / f"base-{prefix.name}-{socket.gethostname()}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    argv = (BASH, "-c", _START, "pybuild", str(marked), str(script), "-b", "-p", str(prefix))
    with log.open("wb") as output:
        code = run_logged(argv, env=environment, cwd=str(stage), log=output, on_line=settings.report.line)
    if code:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise PrefixError(
            f"{script.name}: the installer ended with exit code {code}{': ' if last else ''}{''.join(last)}",
            hint=f"its output is in {log}",
        )
    for part in ("conda-meta/history", "bin/python"):
        if not (prefix / part).exists():
            raise PrefixError(
                f"{script.name}: the installer made no conda prefix: there is no {part} in {prefix}",
                hint=f"its output is in {log}",
            )
