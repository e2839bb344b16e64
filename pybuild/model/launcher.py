"""What starts ranks and jobs at a site, and what its failures mean."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.nodes import NodeKind
from pybuild.model.pairs import Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """What starts ranks.

    Attributes:
        ranks: argv before the program; ``${{ ranks }}`` and provider fields are filled in.
        oversubscribe: (variable, value) pairs set when there are fewer slots than ranks.
        env: (variable, value) pairs that every run gets.
        ask: argv that gets an allocation and runs the rest of the line in it: ``salloc -N 1 …``.
        submit: argv that hands over a job script (its last argument) and prints the job's number.
        directives: lines that a job script begins with (``#SBATCH -N 1``), without the first.
        inside: environment variable that is set inside an allocation.
        most_jobs: how many batch jobs one user may have in the queue, 0 for any number.
    """

    ranks: tuple[str, ...]
    oversubscribe: Pairs = ()
    env: Pairs = ()
    ask: tuple[str, ...] = ()
    submit: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    inside: str = ""
    most_jobs: int = 0
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A failure text of this machine, and what it means there.

    Attributes:
        pattern: regular expression that a line of output matches somewhere.
        node: the kind of node on which it has this meaning, None for any.
        means: what happened, in a sentence.
        cure: what to do about it.
    """

    pattern: str
    means: str
    cure: str
    node: NodeKind | None = None
    source: str = ""
    recalled: str = ""
