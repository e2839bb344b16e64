"""Verification that goes on elsewhere: what a note says about its job, and what the job left behind.

A job may run where the prefix cannot be written: some sites mount shared software read-only on compute nodes.
So it leaves what it found in a folder of its own as well, and whoever reads the note later takes it in.
Like the notes, these are read by commands that must start quickly: nothing slow is imported here.
"""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from pybuild.prefix.notes import Note

LOG = "log"
ENDED = "ended"


def submitted(note: Note, number: str, folder: str, when: str) -> Note:
    """Return the note with a job that has yet to prove something."""
    return {**note, "job": {"number": number, "state": "submitted", "when": when, **_places(folder)}}


def proven(note: Note, level: str, proofs: list[dict[str, object]]) -> Note:
    """Return the note with what a check proved; a job that had failed is history then."""
    kept = {key: value for key, value in note.items() if key != "job"}
    return {**kept, "level": level, "proofs": proofs}


def failed(note: Note, number: str | None, folder: str, failure: str, hint: str | None) -> Note:
    """Return the note with the failure of a job, and where its log is."""
    job = {"number": number, "state": "failed", "failure": failure, "hint": hint, **_places(folder)}
    return {**note, "job": job}


def leave(folder: Path, note: Note) -> None:
    """Leave a note as a job has made it in the job's folder.

    Raises:
        OSError: it cannot be written.
    """
    from pybuild.files import replace_file

    replace_file(folder / f"{note['name']}.json", json.dumps(note, indent=1) + "\n", safe=True)


def found(folder: str, name: str) -> Note | None:
    """Return the note as a job has made it, None while there is none."""
    try:
        with open(os.path.join(folder, f"{name}.json")) as file:
            data = json.load(file)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def collected(note: Note) -> Note:
    """Return the note with what its job has found by now, as it is where the job goes on."""
    job = _job(note)
    if job.get("state") != "submitted":
        return note
    folder = str(job["folder"])
    result = found(folder, str(note["name"]))
    if result is not None and result.get("build") == note["build"]:
        news: Note = {key: result[key] for key in ("level", "proofs", "job") if key in result}
        return {**proven(note, str(note["level"]), []), **news}
    code = _ended(folder)
    if code is None:
        return note
    message = f"the job ended with exit code {code} before it proved anything"
    return failed(note, job.get("number"), folder, message, f"pybuild doctor {os.path.join(folder, LOG)}")


def state_of(note: Note) -> str:
    """Return the job of a note in a few words (``job 12 submitted``), ``""`` where it has none."""
    job = _job(note)
    return f"job {job.get('number') or '?'} {job['state']}" if job else ""


def job_rows(note: Note) -> list[tuple[str, str]]:
    """Return what is known about a note's job as (label, text) pairs."""
    job = _job(note)
    labels = {"state": state_of(note), "submitted": job.get("when"), "failure": job.get("failure"),
              "hint": job.get("hint"), "log": job.get("log")}  # fmt: skip
    return [(f"job: {label}", str(text)) for label, text in labels.items() if text]


def _places(folder: str) -> dict[str, str]:
    return {"folder": folder, "log": os.path.join(folder, LOG)}


def _job(note: Note) -> dict[str, Any]:
    job = note.get("job")
    return job if isinstance(job, dict) else {}


def _ended(folder: str) -> str | None:
    try:
        with open(os.path.join(folder, ENDED)) as file:
            return file.read().strip()
    except OSError:
        return None
