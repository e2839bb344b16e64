"""Say in words why wishes do not go together: who wants what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pybuild.errors import PlanError
from pybuild.model.machine import Installed
from pybuild.model.recipe import Recipe
from pybuild.plan.needs import Answer, Need, Never, Supply, spec_of
from pybuild.plan.releases import choose_release, satisfies
from pybuild.plan.search import Asked, Walk

ASKED = "asked for"


def reason_of(
    walked: Walk,
    recipes: Mapping[str, Recipe],
    python: str,
    standing: Mapping[str, Iterable[tuple[Installed, Need]]] | None = None,
) -> PlanError:
    """Return the error for a walk that got stuck.

    Args:
        standing: what installed packages that nobody asks about need, by name of what they need.
    """
    for one in walked.asked.get("<never>", ()):
        if isinstance(one.wish, Never):
            return one.wish.error
    name = walked.stuck or ""
    asked = [one for one in walked.asked.get(name, ()) if isinstance(one.wish, Need)]
    for one in asked:
        error = _alone(one, recipes, python, walked)
        if error is not None:
            return error
    rows = [f"{_who(one, walked)} {_wants(one, walked)}" for one in asked]
    rows += [
        f"{package.name} {package.version} (in the prefix) needs {text_of(need)}"
        for package, need in (standing or {}).get(name, ())
    ]
    more = _no_release_has(asked, recipes.get(name))
    return PlanError(f"{name}: {', '.join(dict.fromkeys(rows))}{more}", hint=f"pybuild recipe show {name}")


def text_of(need: Need) -> str:
    """Return a need as people write it: ``numpy <2``, ``hdf5[mpi]``."""
    options = f"[{','.join(need.options)}]" if need.options else ""
    return f"{need.name}{options} {need.specifier}".strip() + _without(need)


def label(answer: Answer, walked: Walk) -> str:
    """Return an answer's name and version, and how it came to be wanted."""
    if isinstance(answer, Supply):
        return answer.bound.virtual
    shown = f"{answer.name} {answer.version}" + (f"[{','.join(answer.options)}]" if answer.options else "")
    if answer.keep is not None:
        return f"{shown} (in the prefix)"
    askers = walked.asked.get(answer.name, ())
    if any(one.by is None for one in askers):
        reason = next(one.wish.because for one in askers if one.by is None and isinstance(one.wish, Need))
        return f"{shown} ({reason or ASKED})" if not reason.startswith("the build") else shown
    return f"{shown} (needed by {askers[0].by.identifier.strip('<>')})" if askers and askers[0].by else shown


def _alone(one: Asked, recipes: Mapping[str, Recipe], python: str, walked: Walk) -> PlanError | None:
    """Return what is wrong with a wish that nothing could meet even if it were the only one."""
    assert isinstance(one.wish, Need)
    recipe = recipes.get(one.wish.name)
    if recipe is None:
        return None
    try:
        choose_release(recipe, spec_of(one.wish), python)
    except PlanError as error:
        by = f" ({label(one.by, walked)} needs it)" if one.by is not None else ""
        return PlanError(error.message + by, hint=error.hint)
    return None


def _who(one: Asked, walked: Walk) -> str:
    assert isinstance(one.wish, Need)
    if one.by is None:
        return "you" if one.wish.because == ASKED else one.wish.because or "something"
    if isinstance(one.by, Supply):
        seekers = [label(s.by, walked) for s in walked.asked.get(one.by.identifier, ()) if s.by is not None]
        return " and ".join(dict.fromkeys(seekers)) or one.by.bound.virtual
    return label(one.by, walked)


def _wants(one: Asked, walked: Walk) -> str:
    assert isinstance(one.wish, Need)
    need = one.wish
    if isinstance(one.by, Supply):
        several = len(walked.asked.get(one.by.identifier, ())) > 1
        options = f" with its option {_quoted(need.options)}" if need.options else ""
        recipe = f"recipe {need.name}{options}{_without(need)}"
        return f"{'need' if several else 'needs'} the virtual {one.by.bound.virtual} ({recipe})"
    verb = "ask for" if one.by is None and need.because == ASKED else "needs"
    return f"{verb} {text_of(need)}"


def _without(need: Need) -> str:
    return f" without its option {_quoted(need.without)}" if need.without else ""


def _quoted(names: Iterable[str]) -> str:
    return " and ".join(map(repr, names))


def _no_release_has(asked: Iterable[Asked], recipe: Recipe | None) -> str:
    """Return what to add where every wish has its releases, but none has all the options."""
    options = {option for one in asked if isinstance(one.wish, Need) for option in one.wish.options}
    if recipe is None or len(options) < 2:
        return ""
    limits = [option.versions for option in recipe.options if option.name in options]
    if any(all(satisfies(r.version, limit) for limit in limits) for r in recipe.releases):
        return ""
    return f"; no version of {recipe.name} has both options"
