"""Verification on nodes that must be asked for: a job script, submitted or run inside a new allocation."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pybuild.errors import VerificationError
from pybuild.model.launcher import Launcher
from pybuild.process import capture, run_logged

SCHEDULER = ("SLURM_", "SALLOC_", "SBATCH_", "SRUN_", "PBS_", "PMI_", "LSB_", "LSF_", "COBALT_", "FLUX_")
"""Beginnings of the variables with which schedulers talk to their own commands, and users to them."""

SCRIPT, LOG, ENDED = "job.sh", "log", "ended"
"""Files of a job's folder: what is run, what it prints, and its exit code once it is over."""

_SCRATCH = "TMPDIR="
"""Room on the node itself: that of whoever asked for the job does not come along; this is the node's own."""

_NUMBER = (r"Submitted batch job (\d+)", r"Job <(\d+)>", r"(?m)^(\d+[\w.\[\]-]*)(?:;.*)?$")

_TEXT = """\
#!/bin/bash
{directives}# Written by pybuild: runs one of its commands on the nodes that this job gets.
{redirect}cd {folder} || exit 1
child=
ended() {{ echo "$1" >{folder}/ended; exit "$1"; }}
# What the scheduler ends gets the time to write down that it was ended.
stop() {{ kill "$child" 2>/dev/null; wait "$child"; ended 143; }}
trap stop TERM
# Asked for as a warning before the job's time is over.
warned() {{ kill -USR1 "$child" 2>/dev/null; wait "$child"; ended $?; }}
trap warned USR1
# Of the shell that asked for this job nothing comes along; of the job's own, what the scheduler says.
kept=()
while IFS= read -r -d '' pair; do
  case $pair in {scheduler}) kept+=("$pair") ;; esac
done < <(env -0)
env -i "${{kept[@]}}" {environment} {argv} &
child=$!
wait "$child"
ended $?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A command to be run on nodes of its own.

    Attributes:
        folder: the job's own, seen by every node; script, log and results go there.
        argv: the command, with absolute paths.
        environment: its whole environment, to which the job adds what the scheduler sets.
        asking: environment of the command that asks for nodes.
        options: more words for that command, which overrule the site's own: ``-A m1234``.
        inside: variable that is set inside an allocation.
    """

    folder: Path
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    asking: Mapping[str, str]
    options: tuple[str, ...] = ()
    inside: str = ""


def scheduler_variables(environ: Mapping[str, str], inside: str = "") -> dict[str, str]:
    """Return the part of an environment that belongs to the scheduler.

    Args:
        inside: the variable by which the site tells an allocation.
    """
    return {n: v for n, v in environ.items() if n.startswith(SCHEDULER) or n == inside}


def submit(errand: Errand, launcher: Launcher) -> str:
    """Hand the errand over as a batch job and return the job's number.

    Raises:
        VerificationError: the scheduler does not take it, or names no number.
    """
    script = _write(errand, launcher.directives, redirect=True)
    argv = (*launcher.submit, *errand.options, str(script))
    answer = capture(argv, env=errand.asking, cwd=str(errand.folder), timeout=120)
    command = shlex.join(argv)
    if answer.code == 127 and shutil.which(argv[0], path=errand.asking.get("PATH")) is None:
        raise VerificationError(
            f"launcher.submit of the site names {argv[0]}, which is no program on this machine's PATH",
            hint="log in where the batch system can be reached, or do the same without jobs",
        )
    if answer.code != 0:
        raise VerificationError(f"{command}: the job was not taken: {_words(answer.err or answer.out)}")
    for pattern in _NUMBER:
        if match := re.search(pattern, answer.out):
            return match.group(1)
    raise VerificationError(
        f"{command}: names no job number, found {_words(answer.out)!r}",
        hint="launcher.submit in the site's file must be a command that prints it",
    )


def ask(errand: Errand, launcher: Launcher, on_line: Callable[[str], None]) -> int:
    """Run the errand in an allocation of its own, as soon as there is one, and return the exit code.

    Args:
        on_line: called with each line that the scheduler and the errand print.
    """
    script = _write(errand, (), redirect=False)
    argv = (*launcher.ask, *errand.options, "/bin/bash", str(script))
    with (errand.folder / LOG).open("wb") as log:
        return run_logged(argv, env=errand.asking, cwd=str(errand.folder), log=log, on_line=on_line)


def _write(errand: Errand, directives: Sequence[str], *, redirect: bool) -> Path:
    folder = shlex.quote(str(errand.folder))
    variables = (*SCHEDULER, _SCRATCH, *([f"{errand.inside}="] if errand.inside else []))
    script = errand.folder / SCRIPT
    script.write_text(
        _TEXT.format(
            directives="".join(f"{line}\n" for line in directives),
            redirect=f"exec >{folder}/{LOG} 2>&1 </dev/null\n" if redirect else "",
            folder=folder,
            scheduler="|".join(f"{shlex.quote(name)}*" for name in variables),
            environment=" ".join(shlex.quote(f"{n}={v}") for n, v in errand.environment.items()),
            argv=shlex.join(errand.argv),
        )
    )
    script.chmod(0o700)
    return script


def _words(text: str) -> str:
    return " ".join(text.split())[-300:] or "it said nothing"


def log_tail(folder: Path, lines: int = 12) -> tuple[str, ...]:
    """Return the last lines of a job's log, nothing where there is none."""
    if not os.path.exists(folder / LOG):
        return ()
    text = (folder / LOG).read_text("utf-8", "replace")
    return tuple(line for line in text.splitlines() if line.strip())[-lines:]
