"""Explain a request that cannot be met: what asked for what, and what would have to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pybuild.errors import PlanError
from pybuild.model.request import Spec
from pybuild.plan.candidates import Packages
from pybuild.plan.needs import Candidate, Need, Wish
from pybuild.plan.search import Walk, search, walk
from pybuild.plan.words import reason_of, text_of


def refusal(specs: Sequence[Spec], roots: Sequence[Need], packages: Packages) -> PlanError:
    """Return the error for roots that do not go together, with changes that were tried and help.

    Args:
        specs: what the user asked for, word by word.
    """
    core = _core(roots, packages)
    walked = walk(core, packages)
    error = reason_of(walked, packages.world.recipes, packages.python, packages.standing)
    if walked.asked.get("<never>") or not _is_conflict(walked, packages):
        return error
    name = walked.stuck or ""
    for cure in (_other_release(core, name, packages), _change_installed(specs, name, packages)):
        if cure is not None:
            return PlanError(error.message, hint=cure)
    several = " and ".join(root.name for root in core)
    return PlanError(
        error.message,
        hint=f"no other version of {several} helps; put them into prefixes of their own"
        if len(core) > 1
        else f"pybuild recipe show {name}",
    )


def _core(roots: Sequence[Need], packages: Packages) -> list[Need]:
    """Return roots that already do not go together, without those that have no part in it."""
    core = list(roots)
    for root in roots:
        rest = [one for one in core if one is not root]
        if rest and search(rest, packages) is None:
            core = rest
    return core


def _is_conflict(walked: Walk, packages: Packages) -> bool:
    wishes: list[Wish] = [one.wish for one in walked.asked.get(walked.stuck or "", ())]
    return len(wishes) > 1 or bool(packages.standing.get(walked.stuck or ""))


def _other_release(core: Sequence[Need], name: str, packages: Packages) -> str | None:
    """Return which other versions of things asked for would do, each tried with the rest unchanged."""
    found = [words for root in core if (words := _looser(root, core, name, packages))]
    return f"ask for another version of one: {', or '.join(found)}" if found else None


def _looser(root: Need, core: Sequence[Need], name: str, packages: Packages) -> str | None:
    for looser in (replace(root, specifier=""), replace(root, specifier="", options=())):
        if looser == root:
            continue
        answer = _with(looser, root, core, packages)
        if answer is not None:
            without = f" without its option {' and '.join(map(repr, root.options))}" if root.options else ""
            words = f"{answer.name} {answer.version}{without if looser.options != root.options else ''}"
            return f"{words} {_takes(answer, name, packages)}"
    for option in packages.world.recipes[root.name].options:
        more = replace(root, options=tuple(sorted({*root.options, option.name})))
        answer = _with(more, root, core, packages) if more != root else None
        if answer is not None:
            return f"{answer.name} {answer.version} with its option {option.name!r} would do"
    return None


def _with(changed: Need, root: Need, core: Sequence[Need], packages: Packages) -> Candidate | None:
    """Return what is taken for a root once it asks for something else, None where that does not help."""
    found = search([changed if one is root else one for one in core], packages)
    answer = found.get(root.name) if found else None
    return answer if isinstance(answer, Candidate) else None


def _takes(answer: Candidate, name: str, packages: Packages) -> str:
    for wish in packages.wishes_of(answer):
        if isinstance(wish, Need) and wish.name == name:
            return f"takes {text_of(wish)}"
    return "would do"


def _change_installed(specs: Sequence[Spec], name: str, packages: Packages) -> str | None:
    """Return which installed packages would have to change, too."""
    holders = sorted({package.name for package, _ in packages.standing.get(name, ())})
    if not holders:
        return None
    asked = " ".join(f"'{spec.text}'" if set(spec.text) & set("<>=!~[ ") else spec.text for spec in specs)
    return f"let {' and '.join(holders)} change with it: pybuild install {asked} {' '.join(holders)}"
