"""What holds for a whole run: its places, its environment, its budget, and whom it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pybuild.report import Report

if TYPE_CHECKING:
    from pybuild.load.places import Places
    from pybuild.model.modules import Capture, ModulePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for a whole run.

    Attributes:
        places: recipe and site folders, channel, cache.
        site: name of the site, None to detect it.
        environ: the user's environment, read only.
        command: the command line, for conda's history.
        captures: environments that the module tool has made in this run.
        recall: environments that the tool made a few minutes ago do as well; nothing is built in this run.
        copies: files of a prefix are its own, none is a hard link into the cache of packages.
        umask: bits that no path of a new prefix may have while it is put together, beside the user's umask.
    """

    places: Places
    environ: Mapping[str, str]
    command: str
    site: str | None = None
    jobs: int = 1
    report: Report = field(default_factory=Report)
    captures: dict[ModulePlan, Capture] = field(default_factory=dict)
    recall: bool = False
    copies: bool = False
    umask: int = 0
