"""One provider per virtual in a prefix, across everything already installed in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pybuild.errors import PlanError
from pybuild.model.machine import PrefixState
from pybuild.model.plan import PackagePlan
from pybuild.model.site import base_of


def demand_one_provider(packages: Iterable[PackagePlan], state: PrefixState) -> None:
    """Check that everything in the prefix after the plan binds one and the same provider of each virtual.

    Compilers may differ: two of them can live in one prefix, two MPIs cannot.

    Raises:
        PlanError: naming both packages and both providers.
    """
    planned = list(packages)
    replaced = {package.name for package in planned if package.action != "keep"}
    first: dict[str, tuple[str, str]] = {}
    bindings = [(p.name, p.identity) for p in state.packages if p.name not in replaced]
    bindings += [(p.name, p.identity) for p in planned if p.action != "keep"]
    for name, identities in bindings:
        for name_of_virtual, identity in identities:
            virtual = base_of(name_of_virtual)
            if virtual == "compiler":
                continue
            other, known = first.setdefault(virtual, (name, identity))
            if not (_may_be(known, identity) or _may_be(identity, known)):
                raise PlanError(
                    f"two providers of {virtual!r} would meet in one prefix: "
                    f"{other} is bound to {known}, {name} would be bound to {identity}",
                    hint=f"choose another prefix, or rebuild both: pybuild install {other} {name} --rebuild",
                )


def _may_be(late: str, identity: str) -> bool:
    """Return whether an identity can become another once the modules have set its variables."""
    parts = re.split(r"\$\{\{.*?\}\}", late)
    return re.fullmatch(".*".join(map(re.escape, parts)), identity) is not None
