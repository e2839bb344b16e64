"""Find answers that go together: first the straight way, and only where that fails with resolvelib.

Both walk in one order (who asks before what is asked, the best answer first), so a universe
without conflicts gives the same result either way, and most plans never load the library.

resolvelib jumps back over choices that have no part in a conflict. That takes for granted that one more
wish never helps; an option can replace requirements, so it can. Where the library finds nothing, everything
is tried in order, as far as ``TRIES`` go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pybuild.plan.needs import Answer, Never, Universe, Wish

ROUNDS = 10_000
"""Steps after which resolvelib gives up, a few seconds: far more than recipes that go together need."""

TRIES = 2_000
"""Answers that are tried in order before a request is called impossible: a tenth of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wish and who has it: an answer, or None for what stands at the root."""

    wish: Wish
    by: Answer | None


@dataclass(slots=True, kw_only=True)
class Walk:
    """The straight way: the best answer to everything, one after the other.

    Attributes:
        found: answer by identifier.
        asked: who wants what, by identifier.
        stuck: identifier that no answer is left for, None where the walk came to its end.
    """

    found: dict[str, Answer] = field(default_factory=dict)
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    stuck: str | None = None


def search(roots: Sequence[Wish], universe: Universe) -> Mapping[str, Answer] | None:
    """Return one answer for each identifier that the roots come to need, None where nothing goes together."""
    walked = walk(roots, universe)
    if walked.stuck is None:
        return walked.found
    found = _resolved(roots, universe)
    return _tried(Walk(), roots, None, universe, iter(range(TRIES))) if found is None else found


def walk(roots: Sequence[Wish], universe: Universe) -> Walk:
    """Go the straight way until its end, or until two wishes do not go together."""
    here = Walk()
    _want(here, roots, None, universe)
    while here.stuck is None and (name := _next(here, universe)):
        answers = universe.answers([one.wish for one in here.asked[name]])
        if not answers:
            here.stuck = name
            break
        best = next((a for a in answers if not _never(universe.wishes_of(a))), answers[0])
        here.found[name] = best
        _want(here, universe.wishes_of(best), best, universe)
    return here


def _want(here: Walk, wishes: Iterable[Wish], by: Answer | None, universe: Universe) -> None:
    for wish in wishes:
        name = wish.identifier
        here.asked.setdefault(name, []).append(Asked(wish=wish, by=by))
        if name in here.found and not universe.meets(wish, here.found[name]):
            here.stuck = here.stuck or name


def _next(here: Walk, universe: Universe) -> str | None:
    waiting = here.asked.keys() - here.found.keys()
    return min(waiting, key=lambda name: (universe.rank(name), name), default=None)


def _tried(
    before: Walk, wishes: Iterable[Wish], by: Answer | None, universe: Universe, tries: Iterator[int]
) -> Mapping[str, Answer] | None:
    """Return the first solution in which ``by`` is taken on top of what was found before."""
    here = Walk(found=dict(before.found), asked={name: [*rows] for name, rows in before.asked.items()})
    if by is not None:
        here.found[by.identifier] = by
    _want(here, wishes, by, universe)
    name = _next(here, universe)
    if here.stuck is not None:
        return None
    if name is None:
        return here.found
    for answer in universe.answers([one.wish for one in here.asked[name]]):
        if next(tries, None) is None:
            return None
        found = _tried(here, universe.wishes_of(answer), answer, universe, tries)
        if found is not None:
            return found
    return None


def _never(wishes: Iterable[Wish]) -> bool:
    return any(isinstance(wish, Never) for wish in wishes)


def _resolved(roots: Sequence[Wish], universe: Universe) -> Mapping[str, Answer] | None:
    from resolvelib import BaseReporter, Resolver
    from resolvelib.resolvers import ResolutionImpossible, ResolutionTooDeep

    resolver: Any = Resolver(_provider(universe), BaseReporter())
    try:
        result = resolver.resolve(roots, max_rounds=ROUNDS)
    except (ResolutionImpossible, ResolutionTooDeep):
        return None
    return dict(result.mapping)


def _provider(universe: Universe) -> Any:
    """Return the universe as resolvelib wants to see it; defined here so that the library loads late."""
    from resolvelib import AbstractProvider

    class Provider(AbstractProvider):  # type: ignore[type-arg]
        def identify(self, requirement_or_candidate: Wish | Answer) -> str:
            return requirement_or_candidate.identifier

        def get_preference(
            self,
            identifier: str,
            resolutions: object,
            candidates: object,
            information: object,
            backtrack_causes: Sequence[Any],
        ) -> tuple[bool, int, str]:
            # What the last conflict was about is settled first: a choice that has no part in it is not
            # made again and again before the same conflict is met.
            part = any(
                identifier in (cause.requirement.identifier, cause.parent and cause.parent.identifier)
                for cause in backtrack_causes
            )
            return not part, universe.rank(identifier), identifier

        def find_matches(
            self,
            identifier: str,
            requirements: Mapping[str, Iterator[Wish]],
            incompatibilities: Mapping[str, Iterator[Answer]],
        ) -> Sequence[Answer]:
            wishes = list(requirements[identifier])
            if not wishes or _never(wishes):
                return ()
            excluded = set(incompatibilities[identifier])
            return [answer for answer in universe.answers(wishes) if answer not in excluded]

        def is_satisfied_by(self, requirement: Wish, candidate: Answer) -> bool:
            return universe.meets(requirement, candidate)

        def get_dependencies(self, candidate: Answer) -> Sequence[Wish]:
            return universe.wishes_of(candidate)

    return Provider()
