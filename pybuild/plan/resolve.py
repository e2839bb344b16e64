"""Which packages, in which release, with which providers: the closure of a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from pybuild.model.request import Spec
from pybuild.plan.candidates import Packages
from pybuild.plan.needs import Answer, Candidate, Need, Supply, need_of
from pybuild.plan.order import in_order
from pybuild.plan.passed import passed_over
from pybuild.plan.providers import Bound
from pybuild.plan.refusal import refusal
from pybuild.plan.search import search
from pybuild.plan.words import ASKED
from pybuild.plan.world import Chosen as Chosen
from pybuild.plan.world import World as World

Found = Mapping[str, Answer]


def closure(
    specs: Sequence[Spec],
    world: World,
    python: str,
    *,
    also: Sequence[tuple[Spec, str]] = (),
    rebuild: bool = False,
    renewed: Collection[str] | None = None,
) -> list[Chosen]:
    """Return everything that the request needs, each package after what it needs.

    Args:
        specs: the user's own; they hold as well where another package needs the same one.
        python: full version of the prefix's Python.
        also: what comes with them, and why.
        rebuild: build what is asked for again, even if the prefix has it.
        renewed: as :class:`Packages` takes it.

    Raises:
        PlanError: no recipe, no fitting version, wishes that do not go together, or a circle.
    """
    packages = Packages(world, python, [spec.name for spec in specs], rebuild=rebuild, renewed=renewed)
    roots = [need_of(spec, ASKED) for spec in specs]
    asked = {spec.name for spec in specs}
    roots += [need_of(spec, because) for spec, because in also if spec.name not in asked]
    packages.demand_recipes(roots)
    found = search(roots, packages)
    if found is None:
        raise refusal(specs, roots, packages)
    needs = {name: _needs(answer, packages, found) for name, answer in found.items()}
    names = in_order([root.name for root in roots], needs)
    gone = [name for name in names if name not in packages.there]
    because, shown = _because(roots, needs), _shown(roots, needs, found, asked, gone)
    chosen = [one for name in names if name in shown and isinstance(one := found[name], Candidate)]
    passed = {
        one.name: passed_over(one, roots, packages, found)
        for one in chosen
        if one.release or (one.keep and renewed is not None and one.name in asked)
    }
    return [_chosen(one, packages, found, because[one.name], needs[one.name], passed) for one in chosen]


def _needs(answer: Answer, packages: Packages, found: Found) -> list[str]:
    """Return the names of the packages that an answer needs; a virtual stands for its provider's."""
    names: list[str] = []
    for wish in packages.wishes_of(answer):
        behind = found[wish.identifier]
        if isinstance(behind, Supply):
            names += [behind.bound.recipe] if behind.bound.recipe else []
        else:
            names.append(wish.identifier)
    runs = [wish.identifier for wish in packages.wishes_of(answer) if isinstance(wish, Need)]
    return list(dict.fromkeys([*runs, *names]))


def _because(roots: Iterable[Need], needs: Mapping[str, list[str]]) -> dict[str, str]:
    """Return who wants each package: the first of them where there are several."""
    found = {root.name: root.because for root in roots}

    def visit(name: str) -> None:
        for need in needs[name]:
            if need not in found:
                found[need] = f"needed by {name}"
                visit(need)

    for root in list(found):
        visit(root)
    return found


def _shown(
    roots: Iterable[Need],
    needs: Mapping[str, list[str]],
    found: Found,
    asked: set[str],
    gone: Iterable[str],
) -> set[str]:
    """Return what has a place in the plan: not what stays and was not asked for, nor what only that needs.

    Args:
        gone: what is needed and the prefix does not have.
    """
    shown: set[str] = set()
    names = dict.fromkeys([*(root.name for root in roots), *gone])
    waiting = [name for name in names if not _stays(found[name])]
    while waiting:
        name = waiting.pop()
        if name not in shown:
            shown.add(name)
            waiting += needs[name]
    return shown | asked


def _stays(answer: Answer) -> bool:
    return isinstance(answer, Candidate) and answer.keep is not None


def _chosen(
    one: Candidate,
    packages: Packages,
    found: Found,
    because: str,
    needs: Sequence[str],
    passed: Mapping[str, tuple[str, ...]],
) -> Chosen:
    recipe, requested = packages.world.recipes[one.name], packages.requested(one.name)
    if one.release is None:
        return Chosen(
            name=one.name, because=because, requested=requested, recipe=recipe, keep=one.keep,
            foreign=one.foreign, options=one.options, needs=tuple(needs), why=passed.get(one.name, ()),
        )  # fmt: skip
    prepared = packages.prepared(one)
    bound = tuple(_bound(virtual, found) for virtual in prepared.effective.requirements.virtual)
    return Chosen(
        name=one.name,
        because=because,
        requested=requested,
        recipe=recipe,
        release=one.release,
        options=one.options,
        effective=prepared.effective,
        download=prepared.download,
        bound=bound,
        overlay=prepared.overlay,
        needs=tuple(needs),
        run=prepared.run,
        why=(because, *passed[one.name], *(b.why for b in bound), *prepared.effective.notes),
    )


def _bound(virtual: str, found: Found) -> Bound:
    supply = found[f"<{virtual}>"]
    assert isinstance(supply, Supply)
    return supply.bound
