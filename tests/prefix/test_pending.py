"""What a note says about a job, and how the job's findings get into it."""

from __future__ import annotations

from pathlib import Path

from pybuild.prefix.notes import Note
from pybuild.prefix.pending import collected, failed, job_rows, leave, proven, state_of, submitted

NOTE: Note = {"name": "mpi4py", "build": "b_0", "level": "imported", "proofs": [], "site": "cori"}
PROOFS: list[dict[str, object]] = [{"level": "ranked"}]


def test_waiting(tmp_path: Path) -> None:
    """While the job's folder is empty, or gone, the note stays as it is."""
    note = submitted(NOTE, "12", str(tmp_path), "today")
    assert collected(note) == note
    assert collected(submitted(NOTE, "12", "/nowhere", "today"))["job"]
    assert state_of(note) == "job 12 submitted"
    assert (state_of(NOTE), job_rows(NOTE)) == ("", [])


def test_proven_in_the_job(tmp_path: Path) -> None:
    """What the job proved is taken in, and the job is history."""
    leave(tmp_path, proven(NOTE, "ranked", PROOFS))
    taken = collected(submitted(NOTE, "12", str(tmp_path), "today"))
    assert taken == {**NOTE, "level": "ranked", "proofs": PROOFS}


def test_failed_in_the_job(tmp_path: Path) -> None:
    """A failure stays in the note with its hint and log until something is proven."""
    leave(tmp_path, failed(NOTE, "12", str(tmp_path), "it broke", "mend it"))
    taken = collected(submitted(NOTE, "12", str(tmp_path), "today"))
    assert state_of(taken) == "job 12 failed"
    rows = dict(job_rows(taken))
    assert (rows["job: failure"], rows["job: hint"]) == ("it broke", "mend it")
    assert rows["job: log"] == f"{tmp_path}/log"
    assert collected(taken) == taken
    assert "job" not in proven(taken, "ranked", PROOFS)


def test_ended_without_a_word(tmp_path: Path) -> None:
    """A job that ended before pybuild could say anything has failed."""
    (tmp_path / "ended").write_text("127\n")
    taken = collected(submitted(NOTE, "12", str(tmp_path), "today"))
    assert state_of(taken) == "job 12 failed"
    assert "exit code 127 before it proved anything" in dict(job_rows(taken))["job: failure"]


def test_findings_about_another_build(tmp_path: Path) -> None:
    """What a job proved about a build that was replaced since says nothing about this one."""
    leave(tmp_path, proven({**NOTE, "build": "b_1"}, "ranked", PROOFS))
    note = submitted(NOTE, "12", str(tmp_path), "today")
    assert collected(note) == note
