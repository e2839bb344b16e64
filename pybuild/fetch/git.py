"""Makes an archive of one commit of a git repository, checked like every other source."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import ChecksumError, FetchError
from pybuild.fetch.addresses import redact
from pybuild.fetch.source import cached_path
from pybuild.files import sha256_of
from pybuild.process import capture

if TYPE_CHECKING:
    from pybuild.model.plan import Download

PREFIX = "source/"
"""Folder that the archive's members lie in; part of its hash."""

_PATIENCE = 1800.0


def fetch_commit(download: Download, *, cache: Path, environ: Mapping[str, str]) -> Path:
    """Return the path of a commit's archive whose bytes were checked just now; fetch it where it is missing.

    Args:
        environ: the user's environment: proxies and certificates for git; what it brings is checked.

    Raises:
        FetchError: git is missing, or the repository does not give the commit.
        ChecksumError: the archive is not the one that the recipe names; nothing is kept.
    """
    target = cached_path(download, cache)
    if target.is_file() and sha256_of(target) == download.sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".git-", dir=target.parent) as folder:
        made = archive(str(download.git), str(download.commit), Path(folder), environ)
        found = sha256_of(made)
        if found != download.sha256:
            raise ChecksumError(
                f"{download.file} of commit {download.commit} has sha256 {found}, expected {download.sha256}",
                hint=f"the hash is that of: git archive --format=tar --prefix={PREFIX} {download.commit}",
            )
        made.replace(target)
    return target


def archive(address: str, commit: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """Fetch one commit into a repository below ``folder`` and return the tar file that is made of it.

    Raises:
        FetchError: git is missing, or the repository does not give the commit.
    """
    # Nothing may be asked on a terminal, and nothing but these ways is gone; the user's own settings of git
    # may say how a server is reached.
    env = {**environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:file", "LC_ALL": "C"}
    repository, made = str(folder / "repository"), folder / "source.tar"
    git = ("git", "-C", repository)
    os.mkdir(repository)
    for argv in (
        (*git, "init", "--quiet", "--bare"),
        (*git, "-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--depth=1", address, commit),
        # Attributes and settings of the user must not change the bytes.
        (*git, "-c", "core.attributesFile=/dev/null", "-c", "tar.umask=0022", "archive", "--format=tar",
         f"--prefix={PREFIX}", f"--output={made}", commit),
    ):  # fmt: skip
        answer = capture(argv, env=env, timeout=_PATIENCE)
        if answer.code == 127:
            raise FetchError(f"{redact(address)} is a git repository, and there is no git here: {answer.err}")
        if answer.code != 0:
            words = (answer.err.strip() or answer.out.strip() or f"exit code {answer.code}").splitlines()
            raise FetchError(
                f"{redact(address)} does not give commit {commit}: {words[-1].removeprefix('fatal: ')}",
                hint="the commit may be gone, or the server does not hand out single commits",
            )
    return made
