"""The level ``ranked``: n ranks through the site's launcher see each other and name their library."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from pybuild.errors import VerificationError
from pybuild.model.launcher import KnownFailure
from pybuild.model.plan import PlannedCheck
from pybuild.plan.templates import late
from pybuild.process import Captured, capture
from pybuild.verify.failures import explain
from pybuild.verify.outcome import how_it_ended, last_lines
from pybuild.verify.rankoutput import Answer, read_answers

_NODE = "pybuild-node:"
# Every rank says on which node it runs before it becomes the program: launchers send it elsewhere.
_TELL_NODE = ("/bin/sh", "-c", f'echo {_NODE}$(uname -n): >&2; exec "$@"', "rank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where checks run, and what the site knows about running there.

    Attributes:
        failures: texts that are explained where a run fails.
        node: kind of the nodes that the ranks run on, None where nobody can say.
        job: number of the allocation, None outside of one.
        folder: one that every node sees and a check may write to; the prefix where None.
    """

    failures: tuple[KnownFailure, ...] = ()
    node: str | None = None
    job: str | None = None
    folder: str | None = None


PLAIN = Setting()
"""A machine that nothing is known about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReport:
    """What the ranks said, and how they were started.

    Attributes:
        library: the MPI library's own version string.
        launcher: argv before the program.
        host: name of the node that ran the launcher.
        nodes: names of the nodes that the ranks ran on.
    """

    size: int
    ranks: tuple[int, ...]
    library: str
    launcher: tuple[str, ...]
    host: str
    seconds: float
    nodes: tuple[str, ...] = ()


def check_ranked(
    check: PlannedCheck,
    python: str,
    prefix: str,
    environment: Mapping[str, str],
    timeout: float,
    *,
    setting: Setting = PLAIN,
) -> RankReport:
    """Run a check's script through its launcher and return what the ranks agreed on.

    Args:
        environment: the launcher's whole environment, to which only what this check needs is added.
        timeout: seconds; then every process of the check is ended.
        setting: what explains a failure.

    The script prints one JSON line from rank 0: ``{"size": n, "ranks": [...], "library": "..."}``.

    Raises:
        VerificationError: the ranks do not see each other, do not agree, crash, hang or say nothing.
    """
    launcher, script = _fill(check, python, prefix, environment)
    child = _environment(check, environment)
    started = time.monotonic()
    argv = [*launcher, *_TELL_NODE, python, script]
    answer = capture(argv, env=child, cwd=setting.folder or prefix, timeout=timeout)
    seconds = time.monotonic() - started
    nodes, answer = _nodes(answer)
    try:
        said = _judge(answer, check.ranks, timeout, launcher)
    except VerificationError as error:
        raise _explained(error, answer, setting) from None
    return RankReport(
        size=said.size,
        ranks=tuple(sorted(said.ranks)),
        library=said.library,
        launcher=launcher,
        host=platform.node(),
        seconds=round(seconds, 3),
        nodes=nodes,
    )


def _nodes(answer: Captured) -> tuple[tuple[str, ...], Captured]:
    """Return the names of the ranks' nodes, and the answer without them."""
    pattern = rf"{_NODE}([^\s:]+):\n?"
    nodes = tuple(sorted(set(re.findall(pattern, answer.err))))
    return nodes, answer._replace(err=re.sub(pattern, "", answer.err))


def _explained(error: VerificationError, answer: Captured, here: Setting) -> VerificationError:
    known = explain(f"{answer.out}\n{answer.err}", here.failures, here.node)
    if known is None:
        return error
    first, _, rest = error.message.partition("\n")
    told = f"{first}: {known.means}" + (f"\n{rest}" if rest else "")
    return VerificationError(told, hint=known.cure)


def _fill(
    check: PlannedCheck, python: str, prefix: str, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], str]:
    if not check.launcher or not check.script or check.ranks < 1:
        raise VerificationError(
            f"check {check.name!r} has no launcher, script or ranks, expected all three for the level ranked",
            hint="name the site's launcher in its file under launcher.ranks",
        )
    loaded = {f"env.{name}": value for name, value in environment.items()}
    values = {**loaded, "prefix": prefix, "python": python, "ranks": str(check.ranks)}
    return tuple(late(part, values) for part in check.launcher), late(check.script, values)


def _environment(check: PlannedCheck, environment: Mapping[str, str]) -> dict[str, str]:
    child = dict(environment)
    # Open MPI counts cores, not threads, and refuses more ranks than that; half is the usual number of cores.
    if (os.cpu_count() or 1) // 2 < check.ranks:
        child |= {
            "OMPI_MCA_rmaps_base_oversubscribe": "1",  # Open MPI 4
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",  # Open MPI 5
            **dict(check.environment),
        }
    if os.geteuid() == 0:  # mpirun(1): "running as root"
        child |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    child |= {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYBUILD_RANKS": str(check.ranks)}
    return child


def _judge(answer: Captured, ranks: int, timeout: float, launcher: tuple[str, ...]) -> Answer:
    said = read_answers(answer.out)
    command = " ".join(launcher)
    if ranks > 1 and said and all(item.size == 1 for item in said):
        count = "1 process" if len(said) == 1 else f"{len(said)} processes, each"
        raise VerificationError(
            f"{command}: {count} alone: the launcher and the library do not belong together, "
            f"expected one job of {ranks} ranks{last_lines(answer)}",
            hint="use the launcher of the MPI that the package is linked to",
        )
    if answer.code:
        how = how_it_ended(answer, timeout)
        raise VerificationError(f"{command}: {ranks} ranks failed: {how}{last_lines(answer)}")
    if not said:
        raise VerificationError(
            f"{command}: no rank reported, expected a JSON line with size, ranks, library{last_lines(answer)}"
        )
    _agree(said[-1], ranks, command)
    return said[-1]


def _agree(said: Answer, ranks: int, command: str) -> None:
    if said.size != ranks:
        raise VerificationError(f"{command}: the job has size {said.size}, expected {ranks}")
    if sorted(said.ranks) != list(range(ranks)):
        shown = ", ".join(map(str, said.ranks))
        raise VerificationError(f"{command}: the ranks are {shown}, expected each of 0 to {ranks - 1} once")
    if not said.library.strip():
        raise VerificationError(f"{command}: the ranks name no library, expected its version string")
