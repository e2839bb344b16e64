"""The base of a stack upon an installer: it is run once, while locking, and what it brings is pinned."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.base import create_base
from pybuild.errors import PlanError
from pybuild.model.machine import CondaPackage
from pybuild.model.stack import Installer

if TYPE_CHECKING:
    from pybuild.settings import Settings


def packages_of(installer: Installer, settings: Settings) -> tuple[CondaPackage, ...]:
    """Return what an installer installs, by the address and hash that its own records name.

    Raises:
        ChecksumError, FetchError: the file is another one, or cannot be had; nothing was run.
        PrefixError: it failed.
        PlanError: its records do not say what exactly it installed.
    """
    os.makedirs(settings.places.cache, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lock-", dir=settings.places.cache) as folder:
        prefix = Path(folder, "prefix")
        create_base(installer, prefix, settings)
        records = [json.loads(path.read_text()) for path in sorted((prefix / "conda-meta").glob("*.json"))]
    return tuple(_package(record, installer) for record in records)


def _package(record: dict[str, object], installer: Installer) -> CondaPackage:
    name, url, sha256 = (str(record.get(key) or "") for key in ("name", "url", "sha256"))
    if not url or not sha256:
        raise PlanError(
            f"{installer.file}: its record of {name} names no {'address' if not url else 'SHA-256'}, "
            "so it cannot be locked",
            hint="take a newer installer, or channels: [conda-forge] instead of it",
        )
    depends = record.get("depends")
    return CondaPackage(
        name=name, version=str(record["version"]), build=str(record["build"]), url=url, sha256=sha256,
        depends=tuple(map(str, depends)) if isinstance(depends, list) else (),
    )  # fmt: skip
