"""What a site offers to builds: virtuals with their providers, and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.modules import Operation
from pybuild.model.pairs import Pairs

Where = Literal["path", "shell", "prefix", "recipe", "site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A field that a program tells.

    Attributes:
        program: field of the provider's program that is asked.
        find: regular expression; the first group is the field's value.
    """

    field: str
    program: str
    args: tuple[str, ...]
    find: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One way a site can supply a virtual.

    Attributes:
        name: ``system``, ``wrapper``, ``gnu``, ``cray-mpich``; unique within the virtual.
        where: ``path`` looks for the programs in the site's path, ``shell`` on the PATH of the user's shell,
            ``prefix`` in the target prefix, ``recipe`` builds or installs the named recipe,
            ``site`` takes the fields as they stand, after the modules were loaded.
        programs: (field, names to look for, best first); the first field is demanded, others may be missing.
        facts: fields that its programs tell; where one is not told, the provider is not there.
        fields: (field, value) pairs that stand as written; may hold ``${{ env.HDF5_DIR }}``.
        recipe: name of the recipe, for ``where="recipe"``.
        modules: operations that bring it.
        env: (variable, value) pairs that a build with it gets.
        identity: text that changes with the thing behind it: ``cray-mpich ${{ env.CRAY_MPICH_VERSION }}``.
    """

    name: str
    where: Where
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    facts: tuple[Fact, ...] = ()
    fields: Pairs = ()
    recipe: str | None = None
    modules: tuple[Operation, ...] = ()
    env: Pairs = ()
    identity: str = ""
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtual:
    """A thing that recipes ask for by name, and its providers, best first.

    Attributes:
        name: ``mpi``, or with a feature ``hdf5[mpi]``; templates use the part before the bracket.
    """

    name: str
    providers: tuple[Provider, ...]


def base_of(virtual: str) -> str:
    """Return the part of a virtual's name that templates use: ``hdf5`` for ``hdf5[mpi]``."""
    return virtual.partition("[")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A kind of processor or accelerator that builds may aim at; a site's first one is its default.

    Attributes:
        modules: operations that choose it.
        fields: (virtual, field, value) that replace a provider's own.
        env: (variable, value) pairs that a build for it gets.
    """

    name: str
    summary: str
    modules: tuple[Operation, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    env: Pairs = ()
    source: str = ""
    recalled: str = ""
