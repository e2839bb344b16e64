"""Find answers that go together: first the straight way, and only where that fails with resolvelib.

Both walk in one order (who asks before what is asked, the best answer first), so a universe
without conflicts gives the same result either way, and most plans never load the library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pybuild.plan.needs import Answer, Never, Universe, Wish

ROUNDS = 100_000
"""Steps after which resolvelib gives up: far more than any set of recipes that a person wrote needs."""


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
    return walked.found if walked.stuck is None else _resolved(roots, universe)


def walk(roots: Sequence[Wish], universe: Universe) -> Walk:
    """Go the straight way until its end, or until two wishes do not go together."""
    here = Walk()
    waiting: set[str] = set()

    def want(wishes: Iterable[Wish], by: Answer | None) -> None:
        for wish in wishes:
            name = wish.identifier
            here.asked.setdefault(name, []).append(Asked(wish=wish, by=by))
            if name not in here.found:
                waiting.add(name)
            elif not universe.meets(wish, here.found[name]):
                here.stuck = here.stuck or name

    want(roots, None)
    while waiting and here.stuck is None:
        name = min(waiting, key=lambda n: (universe.rank(n), n))
        waiting.discard(name)
        answers = universe.answers([one.wish for one in here.asked[name]])
        if not answers:
            here.stuck = name
            break
        best = next((a for a in answers if not _never(universe.wishes_of(a))), answers[0])
        here.found[name] = best
        want(universe.wishes_of(best), best)
    return here


def _never(wishes: Iterable[Wish]) -> bool:
    return any(isinstance(wish, Never) for wish in wishes)


def _resolved(roots: Sequence[Wish], universe: Universe) -> Mapping[str, Answer] | None:
    from resolvelib import BaseReporter, Resolver
    from resolvelib.resolvers import ResolutionImpossible

    resolver: Any = Resolver(_provider(universe), BaseReporter())
    try:
        result = resolver.resolve(roots, max_rounds=ROUNDS)
    except ResolutionImpossible:
        return None
    return dict(result.mapping)


def _provider(universe: Universe) -> Any:
    """Return the universe as resolvelib wants to see it; defined here so that the library loads late."""
    from resolvelib import AbstractProvider

    class Provider(AbstractProvider):  # type: ignore[type-arg]
        def identify(self, requirement_or_candidate: Wish | Answer) -> str:
            return requirement_or_candidate.identifier

        def get_preference(self, identifier: str, *_: object, **__: object) -> tuple[int, str]:
            return universe.rank(identifier), identifier

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
