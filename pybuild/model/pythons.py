"""Which Pythons a site has and refuses, and which variables bring others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonModule:
    """A module that has a Python from which a new prefix may be made.

    Attributes:
        module: its name, ``python/3.7-anaconda-2019.07``.
        python: the Python version that it has, ``3.7``.
        warning: what a user of it should know, or ``""``.
    """

    module: str
    python: str
    warning: str = ""
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPython:
    """Interpreters that no prefix may be made from: ``path`` is a pattern, ``/usr/bin/python*``."""

    path: str
    reason: str
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignVariable:
    """A variable of the user's shell that brings a Python or packages from elsewhere.

    Attributes:
        name: ``PYTHONPATH``; ``CONDA_PREFIX`` and ``VIRTUAL_ENV`` for an activated environment other than the
            target, ``LOADEDMODULES`` for a loaded module of the site's ``python_modules``.
        action: what installing and creating do where it is set: nothing, say so, or stop.
            Where packages run it is removed in each case, except for environments and modules.
    """

    name: str
    action: Literal["clear", "warn", "refuse"]
    reason: str
    source: str = ""
    recalled: str = ""
