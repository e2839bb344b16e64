"""Facts read from the machine before planning, so that the planner itself touches nothing."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.modules import Capture

SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}
"""What conda calls a platform, by what the machine calls itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python on the machine.

    Attributes:
        path: absolute path of the base interpreter (never a venv's link to it).
        version: full version, ``3.11.7``.
        identity: digest of what makes this interpreter this one (path, version, size and time of its binary).
        rejected: why it cannot serve as the origin of a prefix, None where it can.
        note: what its users should know, as the site says, or ``""``.
    """

    path: str
    version: str
    identity: str = ""
    rejected: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One conda record of a prefix.

    Attributes:
        key: the build's key where pybuild built it, else None.
        level: verification level reached, None where pybuild has no record.
        options: options it was built with.
        identity: (virtual, identity) of each provider that it binds.
        requested: somebody asked for it by name.
        providers: (virtual, name of the provider in the site) that it was built with, where that was read.
        inputs: canonical JSON text of what its key was made from, ``""`` where that was not read.
    """

    name: str
    version: str
    build: str
    depends: tuple[str, ...] = ()
    key: str | None = None
    level: str | None = None
    options: tuple[str, ...] = ()
    identity: tuple[tuple[str, str], ...] = ()
    requested: bool = False
    providers: tuple[tuple[str, str], ...] = ()
    inputs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixState:
    """The target prefix as it is now.

    Attributes:
        path: absolute path, not resolved through links.
        exists: false where the path is missing or an empty directory.
        python: full version of its Python, None where it has none yet.
    """

    path: str
    exists: bool
    python: str | None = None
    packages: tuple[Installed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProvider:
    """A provider of a virtual that is really there.

    Attributes:
        fields: (field, value) pairs; program fields hold absolute paths.
        identity: one line that changes when the thing behind it changes (version output, real path).
    """

    virtual: str
    provider: str
    fields: tuple[tuple[str, str], ...]
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPackage:
    """A package that a channel already holds.

    Attributes:
        key: digest of everything that can change the result.
        loose_key: the same without the compiler's identity, for machines that have no compiler.
        file: absolute path of the ``.conda`` file.
        sha256: of that file, as recorded when it was put into the channel.
    """

    name: str
    version: str
    build: str
    key: str
    loose_key: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaPackage:
    """A package of a foreign conda channel, as its solver chose it.

    Attributes:
        depends: conda requirements of the package.
    """

    name: str
    version: str
    build: str
    url: str
    sha256: str
    depends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was read from this machine for one request.

    Attributes:
        subdir: conda's name for the platform, ``linux-64``.
        platforms: wheel platform tags that this machine accepts, best first.
        environment: (variable, value) pairs that the site lets into a build.
        interpreters: candidates for a new prefix, best first, rejected ones included.
        base: what a site channel's solver chose for a new prefix; empty where no channel answered.
        base_note: one sentence on how the base of a new prefix was found, ``""`` for existing prefixes.
        offers: what a site channel's solver would add to the prefix for what a plan needs of elsewhere.
        offers_note: one sentence on where they come from, or why there are none.
        node: kind of this node, ``""`` where the site does not tell nodes apart.
        captures: what the module tool made of the plans that it was asked about.
    """

    subdir: str
    platforms: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    providers: tuple[FoundProvider, ...] = ()
    interpreters: tuple[Interpreter, ...] = ()
    base: tuple[CondaPackage, ...] = ()
    base_note: str = ""
    offers: tuple[CondaPackage, ...] = ()
    offers_note: str = ""
    node: str = ""
    captures: tuple[Capture, ...] = ()
