"""One call of ``recipe new``: a draft, and with it the drafts of what it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pybuild.authoring import address
from pybuild.authoring.index import Index, Wish
from pybuild.authoring.needs import Needs
from pybuild.authoring.place import check_free, put
from pybuild.authoring.record import Drafted
from pybuild.errors import DocumentError, PybuildError, UsageError
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A draft that was written.

    Attributes:
        problems: what lint says.
        guesses: how many of its lines are marked as guessed.
        needs: (kind, requirements by name) of other recipes; kind is ``build`` or ``run``.
    """

    name: str
    file: str
    system: str
    problems: tuple[str, ...]
    guesses: int
    needs: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


class Drafting:
    """Writes drafts into one folder; open until the ``with`` block ends.

    Args:
        environ: the user's environment, where pip looks for its settings.
        folder: of recipes, where drafts go.
        known: names of all recipes that are there already.
        offline: nothing may be asked over the network.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        cache: Path,
        folder: str,
        known: Collection[str],
        progress: Progress = SILENT,
        *,
        offline: bool = False,
    ) -> None:
        self._network = Network(environ, offline=offline)
        self._cache = cache
        self._folder = folder
        self._known = set(known)
        self._progress = progress
        self._index = Index(self._network, cache, self._known, progress)
        self.outcomes: list[Outcome] = []
        self.failures: list[str] = []

    def __enter__(self) -> Drafting:
        """Return the drafting itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._network.__exit__(kind, error, trace)

    def begin(self, what: str, form: str, count: int) -> Outcome:
        """Draft what was asked for: a project's name, or an https address.

        Raises:
            PybuildError: there is such a recipe already, or nothing can be drafted.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        if "/" in what:
            taken = address.taken_apart(what)
            check_free(self._folder, taken.name)
            drafted = address.draft(taken, self._cache, self._network, self._known, self._progress)
        else:
            name = _name(what)
            check_free(self._folder, name)
            drafted = self._index.draft(Wish(project=name, form=form, count=count))
        return self._put(drafted)

    def follow(self, outcome: Outcome) -> None:
        """Draft what a drafted recipe needs, and what that needs; ``failures`` keeps what cannot be."""
        waiting = [(kind, row) for kind, rows in outcome.needs for row in rows]
        while waiting:
            kind, (name, fits) = waiting.pop(0)
            if name in self._known:
                continue
            form = "wheel" if kind == "build" else "site"
            try:
                drafted = self._index.draft(Wish(project=name, form=form, count=2, fits=fits))
                made = self._put(drafted)
            except DocumentError as error:
                self._known.add(name)
                self.failures.append(f"the draft of {name} is no recipe: {error.message}")
                continue
            except PybuildError as error:
                self._known.add(name)  # told once
                self.failures.append(error.message)
                continue
            waiting += [
                (kind if made.system == "wheel" else one, row) for one, rows in made.needs for row in rows
            ]

    def missing(self) -> tuple[str, ...]:
        """Return the names of needed recipes that are still not there."""
        names = (name for outcome in self.outcomes for _, rows in outcome.needs for name, _ in rows)
        return tuple(sorted({name for name in names if name not in self._known}))

    def _put(self, drafted: Drafted) -> Outcome:
        file, problems = put(drafted, self._folder)
        self._known.add(drafted.name)
        outcome = Outcome(
            name=drafted.name,
            file=file,
            system=drafted.system,
            problems=problems,
            guesses=Path(file).read_text("utf-8").count("# guessed"),
            needs=(("build", _wanted(drafted.build)), ("run", _wanted(drafted.run))),
        )
        self.outcomes.append(outcome)
        return outcome


def _wanted(needs: Needs) -> tuple[tuple[str, str], ...]:
    """Return (name, specifier) of every requirement, that of the newest Pythons where there are several."""
    rows = (*(row for _, other in needs.others for row in other), *needs.rows)
    found = {one.name: str(one.specifier) for one in map(Requirement, rows)}
    return tuple(found.items())


def _name(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise UsageError(f"{text!r} is neither the name of a project nor an https address") from None
    if requirement.specifier or requirement.extras or requirement.marker or requirement.url:
        raise UsageError(
            f"found {text!r}, expected the name alone", hint=f"pybuild recipe new {requirement.name}"
        )
    return canonicalize_name(requirement.name)
