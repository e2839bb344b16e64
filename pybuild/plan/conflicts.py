"""What a prefix must be as a whole: one provider per virtual, and nothing that loses what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pybuild.errors import PlanError
from pybuild.model.machine import PrefixState
from pybuild.model.plan import PackagePlan
from pybuild.model.providers import base_of
from pybuild.model.recipe import Recipe
from pybuild.plan.installed import fits, standing_needs
from pybuild.plan.providers import may_be


def demand_one_provider(packages: Iterable[PackagePlan], state: PrefixState) -> None:
    """Check that everything in the prefix after the plan binds one and the same provider of each virtual.

    Compilers may differ: two of them can live in one prefix, two MPIs cannot.

    Raises:
        PlanError: naming both packages and both providers.
    """
    first: dict[str, _Bond] = {}
    bonds = list(_bonds(packages, state))
    for bond in bonds:
        other = first.setdefault(base_of(bond.asked), bond)
        if not (may_be(other.identity, bond.identity) or may_be(bond.identity, other.identity)):
            raise _clash(other, bond, bonds)


class _Bond(NamedTuple):
    """A package that is bound to a provider, already or by the plan."""

    package: str
    asked: str
    identity: str
    there: bool


def _bonds(packages: Iterable[PackagePlan], state: PrefixState) -> Iterator[_Bond]:
    """Yield what the prefix will hold, what stays of it first."""
    coming = [package for package in packages if package.action != "keep"]
    replaced = {package.name for package in coming}
    sides = ([p for p in state.packages if p.name not in replaced], True), (coming, False)
    for side, there in sides:
        for package in side:
            for asked, identity in package.identity:
                if base_of(asked) != "compiler":
                    yield _Bond(package.name, asked, identity, there)


def _clash(one: _Bond, two: _Bond, bonds: Iterable[_Bond]) -> PlanError:
    virtual, differ = base_of(one.asked), one.asked != two.asked
    said = [
        f"{bond.package} {f'asks for {bond.asked} and ' if differ else ''}"
        f"{'is' if bond.there else 'would be'} bound to {_told(bond.identity)}"
        for bond in (one, two)
    ]
    if differ and not one.there:
        hint = (
            f"put them into prefixes of their own, or let both ask for {one.asked} or for {two.asked}; "
            f"pybuild recipe show {one.package} and pybuild recipe show {two.package} tell their options"
        )
    else:
        bound = [bond.package for bond in bonds if bond.there and base_of(bond.asked) == virtual]
        hint = _way_out(bound if one.there else [one.package], two.package, there=one.there)
    return PlanError(
        f"two providers of {virtual!r} would meet in one prefix: {said[0]}, {said[1]}", hint=hint
    )


def _told(identity: str) -> str:
    """Return an identity as people read it: variables that only modules will set by their names."""
    return re.sub(r"\$\{\{ *env\.(\w+) *\}\}", r"$\1", identity)


def demand_one_supplier(
    packages: Iterable[PackagePlan], state: PrefixState, recipes: Mapping[str, Recipe]
) -> None:
    """Check that not two packages of the prefix supply one virtual: their files would overwrite each other.

    Raises:
        PlanError: naming both packages.
    """
    packages = list(packages)
    planned = [package.name for package in packages]
    named = {package.name for package in packages if package.requested}
    ours = [p.name for p in state.packages if p.key and p.name not in planned]
    first: dict[str, str] = {}
    for name in [*ours, *planned]:
        for virtual in {base_of(p.virtual) for p in recipes[name].provides} if name in recipes else ():
            other = first.setdefault(virtual, name)
            if other != name:
                there = other in ours
                raise PlanError(
                    f"{other} and {name} both provide {virtual!r}, and a prefix holds one of them"
                    + (f"; {other} is in it" if there else ""),
                    hint=f"pybuild uninstall {other} -p {state.path}, or choose another prefix"
                    if there
                    else "leave one of them out"
                    + ("" if {other, name} <= named else f", or choose it with --use {virtual}=NAME"),
                )


def demand_nothing_broken(packages: Iterable[PackagePlan], state: PrefixState) -> None:
    """Check that what stays in the prefix keeps what it needs and what it is bound to.

    Raises:
        PlanError: naming the package that would break.
    """
    coming = {package.name: package for package in packages if package.action != "keep"}
    for package in state.packages:
        if package.name in coming:
            continue
        for _, identity in package.identity:
            new = coming.get(identity.partition(" ")[0])
            if new is not None and identity != f"{new.name} {new.version} {new.build_string}":
                raise PlanError(
                    f"{package.name} {package.version} of the prefix is bound to {identity}, "
                    f"which {new.version} {new.build_string} would replace",
                    hint="build both again: "
                    f"pybuild install {new.name}=={new.version} {package.name} --rebuild",
                )
        for need in standing_needs(package):
            new = coming.get(need.name)
            if new is not None and not fits(new.version, need.specifier):
                raise PlanError(
                    f"{package.name} {package.version} of the prefix needs {need.name} {need.specifier}, "
                    f"and it would become {new.version}",
                    hint=f"let {package.name} change with it: pybuild install {new.name} {package.name}",
                )


def _way_out(bound: list[str], name: str, *, there: bool) -> str:
    names = " ".join(dict.fromkeys([*bound, name]))
    ways = f"choose another prefix, or rebuild {'all of them' if len(bound) > 1 else 'both'}: "
    ways += f"pybuild install {names} --rebuild"
    return f"{ways}, or remove: pybuild uninstall {' '.join(bound)}" if there else ways
