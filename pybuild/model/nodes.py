"""Which machine this is, the kinds of its nodes, and their file systems, as a site's file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.pairs import Pairs

NodeKind = Literal["login", "compute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """How a machine is recognised: everything that is given must hold; nothing given never detects.

    Attributes:
        env: (variable, value) pairs of the user's environment.
        hostname: regular expression for the whole host name.
        files: paths that must exist.
    """

    env: Pairs = ()
    hostname: str = ""
    files: tuple[str, ...] = ()


NOWHERE = Detect()
"""Of a site that must be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One kind of node and how it is recognised: everything that is given must hold.

    Attributes:
        hostname: regular expression for the whole host name.
        variables: environment variables that must be set (``SLURM_JOB_ID``).
        jobs: what limits the processes of builds there (``most``, ``reason``, ``source``), or nothing.
    """

    kind: NodeKind
    hostname: str = ""
    variables: tuple[str, ...] = ()
    jobs: Pairs = ()
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """A file system and what the nodes may do with it.

    Attributes:
        login, compute: ``read-write``, ``read-only`` or ``absent``.
        use: what it is for, in a few words.
    """

    path: str
    use: str
    login: str = "read-write"
    compute: str = "read-write"
    source: str = ""
    recalled: str = ""
