"""The level ranked: n ranks through a launcher, and every way in which that can be untrue."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import pytest

from pybuild.errors import VerificationError
from pybuild.model.launcher import KnownFailure
from pybuild.model.plan import PlannedCheck
from pybuild.verify import ranked
from pybuild.verify.ranked import RankReport, Setting, check_ranked
from pybuild.verify.rankoutput import read_answers

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

# A launcher for tests: starts n processes that are told the size and one rank each.
LAUNCHER = """#!/bin/sh
n=$1; shift; i=0
while [ $i -lt $n ]; do SIZE=$n RANK=$i "$@" & i=$((i+1)); done
wait
"""
# What a rank does without a launcher that it belongs to: it believes that it is alone.
SCRIPT = """
import json, os
size, rank = int(os.environ.get("SIZE", 1)), int(os.environ.get("RANK", 0))
print("rank", rank, "is here", flush=True)
if rank == 0:
    print(json.dumps({"size": size, "ranks": list(range(size)), "library": "Test MPI 1.0"}))
"""
SINGLETONS = ("sh", "-c", 'for i in 1 2; do "$@" & done; wait', "launcher")


def run(
    folder: Path,
    python: str,
    *launcher: str,
    script: str = SCRIPT,
    ranks: int = 2,
    timeout: float = 120,
    environment: tuple[tuple[str, str], ...] = (),
    **others: Any,
) -> RankReport:
    """Write script and launcher into a folder and check them."""
    (folder / "start").write_text(LAUNCHER)
    (folder / "start").chmod(0o755)
    (folder / "ranks.py").write_text(script)
    check = PlannedCheck(
        level="ranked",
        name="ranks",
        script="${{ prefix }}/ranks.py",
        ranks=ranks,
        launcher=launcher or ("${{ prefix }}/start", "${{ ranks }}"),
        environment=environment,
    )
    return check_ranked(check, python, str(folder), ENVIRONMENT, timeout, **others)


def prints(*values: object) -> str:
    """Return a script whose rank 0 prints these values as JSON lines."""
    lines = "".join(f"    print({json.dumps(value)!r})\n" for value in values)
    return f"import os\nif os.environ.get('RANK', '0') == '0':\n    pass\n{lines}"


def test_ranks_that_agree_are_recorded(tmp_path: Path, python: str) -> None:
    """Three ranks through a launcher: size, ranks, library, launcher, host and time are in the report."""
    report = run(tmp_path, python, ranks=3)
    assert (report.size, report.ranks, report.library) == (3, (0, 1, 2), "Test MPI 1.0")
    assert report.launcher == (f"{tmp_path}/start", "3")
    assert report.host == platform.node()
    assert 0 < report.seconds < 30


def test_singletons_are_recognised_for_what_they_are(tmp_path: Path, python: str) -> None:
    """Two processes that each believe they are rank 0 of 1 are named so, whatever the exit code."""
    for end in ("", "\nraise SystemExit(3)\n"):
        with pytest.raises(VerificationError) as caught:
            run(tmp_path, python, *SINGLETONS, script=SCRIPT + end)
        message = caught.value.message
        assert "2 processes, each alone: the launcher and the library do not belong together" in message
        assert "expected one job of 2 ranks" in message


def test_one_process_alone_is_recognised(tmp_path: Path, python: str) -> None:
    """A launcher that starts the program once, without ranks, is refused as well."""
    with pytest.raises(VerificationError, match="1 process alone"):
        run(tmp_path, python, "env")


def test_one_rank_may_be_alone_where_one_is_asked_for(tmp_path: Path, python: str) -> None:
    """A check with one rank is no singleton failure."""
    assert run(tmp_path, python, "env", ranks=1).ranks == (0,)


def test_a_hang_is_ended_with_all_its_processes(tmp_path: Path, python: str) -> None:
    """Ranks that wait for ever end at the time limit, and none of them is left."""
    script = (
        "import os, time\nopen('pid' + os.environ['RANK'], 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    started = time.monotonic()
    for seconds in (1, 5, 60):  # more of them where the machine is too busy to start both in few
        with pytest.raises(VerificationError, match=f"2 ranks failed: no end within {seconds} s"):
            run(tmp_path, python, script=script, timeout=seconds)
        if all((tmp_path / f"pid{rank}").exists() for rank in "01"):
            break
    assert time.monotonic() - started < 300
    for rank in "01":
        pid = int((tmp_path / f"pid{rank}").read_text())
        for _ in range(600):
            if not _alive(pid):
                break
            time.sleep(0.1)
        assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_crash_is_told_with_its_last_lines(tmp_path: Path, python: str) -> None:
    """A launcher that fails gives its exit code and what was said last, even after a good report."""
    script = SCRIPT + "\nimport sys; sys.stderr.write('Fatal error in PMPI_Init\\n'); sys.exit(7)\n"
    with pytest.raises(VerificationError, match=r"(?s)2 ranks failed: exit code 7.*Fatal error in PMPI_Init"):
        run(tmp_path, python, "sh", "-c", 'SIZE=2 "$@"', "launcher", script=script)
    with pytest.raises(VerificationError, match="ended by SIGKILL"):
        run(tmp_path, python, "sh", "-c", "kill -9 $$")


def test_a_launcher_that_is_missing_is_named(tmp_path: Path, python: str) -> None:
    """A launcher that cannot be started is named with the system's reason."""
    with pytest.raises(VerificationError, match=r"(?s)/no/srun: 2 ranks failed.*No such file"):
        run(tmp_path, python, "/no/srun")


@pytest.mark.parametrize(
    "output", ["garbage", "{'size': 2}", '{"size": "2", "ranks": [0, 1]}', '{"x": 1}', "{" * 99]
)
def test_garbage_is_no_report(tmp_path: Path, python: str, output: str) -> None:
    """Output without a report, or with something that only looks like one, proves nothing."""
    with pytest.raises(VerificationError, match="no rank reported, expected a JSON line"):
        run(tmp_path, python, script=f"print({output!r})\n")


@pytest.mark.parametrize(
    ("report", "found"),
    [
        ({"size": 3, "ranks": [0, 1, 2], "library": "L"}, "the job has size 3, expected 2"),
        ({"size": 2, "ranks": [0, 0], "library": "L"}, "the ranks are 0, 0, expected each of 0 to 1 once"),
        ({"size": 2, "ranks": [1, 2], "library": "L"}, "the ranks are 1, 2"),
        ({"size": 2, "ranks": [0, 1, 1], "library": "L"}, "the ranks are 0, 1, 1"),
        ({"size": 2, "ranks": [0], "library": "L"}, "the ranks are 0, expected"),
        ({"size": 2, "ranks": [0, 1], "library": " "}, "name no library"),
        ({"size": 2, "ranks": [0, 1]}, "name no library"),
    ],
)
def test_ranks_that_disagree_are_refused(tmp_path: Path, python: str, report: object, found: str) -> None:
    """A wrong size, double, missing or foreign ranks and a nameless library are each refused."""
    with pytest.raises(VerificationError, match=found):
        run(tmp_path, python, script=prints(report))


def test_the_last_report_counts(tmp_path: Path, python: str) -> None:
    """A script that reports more than once is taken at its last word."""
    first = {"size": 9, "ranks": [], "library": "L"}
    last = {"size": 2, "ranks": [1, 0], "library": "L"}
    assert run(tmp_path, python, script=prints(first, last, "noise")).ranks == (0, 1)


def test_reports_are_found_between_other_output() -> None:
    """Labels of launchers, two reports on one line and braces in text do not hide a report."""
    one = '{"size": 1, "ranks": [0], "library": "{x}"}'
    text = f"[log] {{broken\n0: {one}\n{one}{one}\nset {{1, 2}} {one} done\n[{one}\n{{\n"
    assert len(read_answers(text)) == 5
    assert {answer.library for answer in read_answers(text)} == {"{x}"}
    assert read_answers('{"size": true, "ranks": []}\n{"size": 1, "ranks": [false]}') == ()


def test_the_environment_is_clean(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks get the given environment and nothing of this process; on many cores nothing for few ones."""
    monkeypatch.setenv("LEAKED", "1")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    seen = _environment_of_ranks(tmp_path, python, environment=(("SITE_SAYS", "yes"),))
    ours = {key: value for key, value in seen.items() if key not in {"SIZE", "RANK", "PWD", "_", "LC_CTYPE"}}
    assert ours == {
        **ENVIRONMENT,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYBUILD_RANKS": "2",
    }


def test_a_small_machine_is_oversubscribed(
    tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer cores than ranks, and root, are allowed for: both generations of Open MPI, and the site's."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    seen = _environment_of_ranks(tmp_path, python, environment=(("SITE_SAYS", "yes"),))
    assert seen["OMPI_MCA_rmaps_base_oversubscribe"] == "1"
    assert seen["PRTE_MCA_rmaps_default_mapping_policy"] == ":oversubscribe"
    assert seen["OMPI_ALLOW_RUN_AS_ROOT"] == seen["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] == "1"
    assert seen["SITE_SAYS"] == "yes"


def _environment_of_ranks(folder: Path, python: str, **others: Any) -> dict[str, str]:
    script = SCRIPT + "\nif rank == 0:\n    json.dump(dict(os.environ), open('seen', 'w'))\n"
    run(folder, python, script=script, **others)
    seen: dict[str, str] = json.loads((folder / "seen").read_text())
    return seen


def test_the_given_folder_is_where_ranks_run(tmp_path: Path, python: str) -> None:
    """A script's files go to the folder that the caller gives, not into the prefix."""
    (tmp_path / "work").mkdir()
    setting = ranked.Setting(folder=str(tmp_path / "work"))
    run(tmp_path, python, script=SCRIPT + "\nopen('here', 'w').close()\n", setting=setting)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["here"]


def test_a_check_without_a_launcher_is_refused(tmp_path: Path) -> None:
    """A site that names no launcher cannot reach the level ranked, and the error says what to add."""
    check = PlannedCheck(level="ranked", name="ranks", script="x.py", ranks=2)
    with pytest.raises(VerificationError, match="'ranks' has no launcher") as caught:
        ranked.check_ranked(check, "python", str(tmp_path), {}, 1)
    assert caught.value.hint is not None


def test_a_known_failure_is_explained(tmp_path: Path, python: str) -> None:
    """What the site knows about a text stands in the sentence, its cure in the hint, the output below."""
    here = KnownFailure(pattern="PMI2 init", node="compute", means="too slow", cure="wait longer")
    there = KnownFailure(pattern="PMI2 init", node="login", means="no MPI here", cure="srun")
    script = "import sys; sys.exit('MPID_Init: PMI2 init failed: 1')"
    for node, known in (("compute", here), ("login", there)):
        with pytest.raises(VerificationError, match=f"(?s){known.means}.*PMI2 init failed: 1") as caught:
            run(tmp_path, python, script=script, setting=Setting(failures=(there, here), node=node))
        assert caught.value.hint == known.cure
    with pytest.raises(VerificationError) as caught:
        run(tmp_path, python, script=script, setting=Setting(failures=(there, here)))
    assert "no MPI here" not in caught.value.message


def test_nodes_of_the_ranks(tmp_path: Path, python: str) -> None:
    """The report names the nodes that ranks ran on, as each of them says; an error does not show that."""
    assert run(tmp_path, python).nodes == (platform.node(),)
    with pytest.raises(VerificationError) as caught:
        run(tmp_path, python, script="raise SystemExit('broken')")
    assert "broken" in caught.value.message
    assert "pybuild-node" not in caught.value.message


def test_a_launcher_that_modules_bring(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher may be named by a variable that the site's modules set."""
    monkeypatch.setitem(ENVIRONMENT, "LAUNCHER_DIR", str(tmp_path))
    report = run(tmp_path, python, "${{ env.LAUNCHER_DIR }}/start", "${{ ranks }}")
    assert report.launcher == (f"{tmp_path}/start", "2")
