"""What the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.machine import CondaPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One ``mpi4py[exe]>=3,<4`` of the command line, taken apart.

    Attributes:
        text: as the user wrote it.
        name: normalised (lower case, hyphens).
        specifier: version specifier, ``""`` for any.
    """

    text: str
    name: str
    options: tuple[str, ...] = ()
    specifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Favoured:
    """What an earlier resolution chose: taken again wherever that is possible.

    Attributes:
        releases: (recipe, version) of what was built and of what builds needed.
        conda: packages of conda channels.
        interpreter: identity of the machine's Python that a prefix began with, or ``""``.
    """

    releases: frozenset[tuple[str, str]] = frozenset()
    conda: tuple[CondaPackage, ...] = ()
    interpreter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One installation that was asked for.

    Attributes:
        prefix: absolute path of the target prefix.
        python: version (``3.11``) or path for a new prefix, None for the newest supported.
        verify: level that the user demands, None for the site's.
        rebuild: build what is asked for again, even if the prefix or the channel has it.
        target: name of the site's target, None for its default.
        providers: (virtual, provider) pairs that the user chose instead of the site's first.
        also: what comes with it, without being asked for by name.
        channels: conda channels for a new prefix instead of the site's.
        conda: what a new prefix has of conda channels besides a Python and pip, as conda writes it.
        base: the conda packages that a new prefix is made of, None to ask the channels; empty for a Python
            of the machine.
        upgrade: names of packages of the prefix that are built again where their key is another by now;
            where there are any, ``specs`` are brought to their newest release.
    """

    specs: tuple[Spec, ...]
    prefix: str
    python: str | None = None
    verify: str | None = None
    rebuild: bool = False
    target: str | None = None
    providers: tuple[tuple[str, str], ...] = ()
    also: tuple[Spec, ...] = ()
    channels: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()
    base: tuple[CondaPackage, ...] | None = None
    favoured: Favoured = Favoured()
    upgrade: tuple[str, ...] = ()
