"""Stack files: what a collaboration declares, read and checked as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pybuild.errors import DocumentError
from pybuild.load.document import Document, load_document
from pybuild.load.dotted import dotted
from pybuild.load.schema import validate
from pybuild.model.stack import Installer, SharePolicy, Stack, StackTest

Raw = Mapping[str, Any]

_HINT = "correct the file there; docs/stacks.md says what each key holds"


def load_stack(path: str) -> Stack:
    """Return the stack that a file declares.

    Raises:
        DocumentError: unreadable, broken YAML, against the schema, or with values that cannot be met
            anywhere; every problem is told at once, with its line.
    """
    from pybuild.load.stack_checks import CHECKS

    try:
        document = load_document(os.path.abspath(path))
        validate(document, "stack")
    except DocumentError as error:
        raise DocumentError(error.problems, hint=error.hint or _HINT) from error
    stack = stack_of(document)
    found = {
        document.problem(key, f"{dotted(key)}: {sentence}"): document.position_of(key)
        for check in CHECKS
        for key, sentence in check(stack, document.data)
    }
    if found:
        raise DocumentError(tuple(sorted(found, key=found.__getitem__)), hint=_HINT)
    return stack


def stack_of(document: Document) -> Stack:
    """Return the record of a stack document that :func:`pybuild.load.schema.validate` accepted."""
    data: Raw = document.data
    folder = os.path.dirname(document.path)
    return Stack(
        name=data["name"],
        root=data["root"],
        site=data.get("site"),
        target=data.get("target"),
        python=data.get("python"),
        installer=_installer(data.get("installer"), folder),
        channels=tuple(_channel(channel, folder) for channel in data.get("channels", ())),
        conda=tuple(data.get("conda", ())),
        index=tuple(data.get("index", ())),
        recipes=tuple(data.get("recipes", ())),
        use=tuple(data.get("use", {}).items()),
        environment=tuple(data.get("environment", {}).items()),
        share=SharePolicy(**data.get("share", {})),
        keep=int(data.get("keep", 3)),
        verify=data.get("verify", "ranked"),
        tests=tuple(_test(raw) for raw in data.get("tests", ())),
        file=document.path,
        text=document.text,
    )


def _installer(raw: Raw | None, folder: str) -> Installer | None:
    if raw is None:
        return None
    file = raw["file"] if "://" in raw["file"] else os.path.join(folder, raw["file"])
    return Installer(file=file, sha256=raw["sha256"])


def _channel(text: str, folder: str) -> str:
    """Return a channel; a folder that is named relative to the stack file becomes absolute."""
    return os.path.normpath(os.path.join(folder, text)) if text.startswith(("./", "../")) else text


def _test(raw: Raw) -> StackTest:
    return StackTest(name=raw["name"], command=tuple(raw["command"]), ranks=int(raw.get("ranks", 0)))
