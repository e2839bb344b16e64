"""``recipes/<name>/proof.yaml``: what was proven of a recipe, read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from pybuild.errors import PybuildError
from pybuild.files import replace_file
from pybuild.model.proofs import ProofRow

FILE = "proof.yaml"

_HEAD = "# Written by pybuild recipe test --record; each entry is the newest about what it names.\n"


def read_proofs(directory: str) -> tuple[ProofRow, ...]:
    """Return what was proven of the recipe in a folder; nothing where there is no file.

    Raises:
        DocumentError: the file is not what its schema says.
    """
    from pybuild.load.document import load_document
    from pybuild.load.schema import validate

    path = os.path.join(directory, FILE)
    if not os.path.exists(path):
        return ()
    document = load_document(path)
    validate(document, "proof")
    data: Mapping[str, Any] = document.data
    return tuple(_row(raw) for raw in data["proofs"])


def with_row(rows: Iterable[ProofRow], new: ProofRow) -> tuple[ProofRow, ...]:
    """Return rows with ``new`` in the place of what was known about the same, in the file's order."""
    from packaging.version import Version

    others = [row for row in rows if row.about() != new.about()]
    by_name = sorted([*others, new], key=lambda row: (row.site, row.box, row.options))
    newest_first = sorted(by_name, key=lambda row: Version(row.python), reverse=True)
    return tuple(sorted(newest_first, key=lambda row: Version(row.version), reverse=True))


def write_proof(directory: str, new: ProofRow) -> str:
    """Add a row to a recipe's proofs and return the file's path; the file changes in one step.

    Raises:
        DocumentError: the file that is there is wrong.
        PybuildError: it cannot be written.
    """
    path = os.path.join(directory, FILE)
    text = proof_text(with_row(read_proofs(directory), new))
    try:
        replace_file(path, text, mode=0o644)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PybuildError(
            f"{path}: cannot be written: {reason}", hint="copy the recipe, and name its folder with --recipes"
        ) from error
    return path


def proof_text(rows: Iterable[ProofRow]) -> str:
    """Return the file that holds the rows."""
    lines = [_HEAD, "proofs:\n"]
    for row in rows:
        parts: list[tuple[str, object]] = [("version", row.version)]
        parts += [("options", list(row.options))] if row.options else []
        parts += [("python", row.python), ("site", row.site)]
        parts += [("box", True)] if row.box else []
        parts += [("providers", dict(row.providers))] if row.providers else []
        parts += [
            ("level", row.level),
            ("date", row.date),
            ("machine", row.machine),
            ("pybuild", row.pybuild),
        ]
        # JSON is YAML, and quotes whatever YAML might take for something else than text.
        entries = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in parts]
        lines += [f"  - {entries[0]}", *(f"    {entry}" for entry in entries[1:])]
    return "".join(lines)


def _row(raw: Mapping[str, Any]) -> ProofRow:
    return ProofRow(
        **{
            **raw,
            "options": tuple(sorted(raw.get("options", ()))),
            "providers": tuple(raw.get("providers", {}).items()),
        }
    )
