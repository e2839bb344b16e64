"""The modules that test scripts share: a prefix's Python runs them, so they are text here, never imported."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from pybuild.model.recipe import HARNESS


def harness_of(scripts: Iterable[str]) -> dict[str, str]:
    """Return the text of each module that the scripts or such a module import, by its file's name.

    Args:
        scripts: texts of test scripts, for whichever Python.
    """
    found: dict[str, str] = {}
    texts = list(scripts)
    while texts:
        text = texts.pop()
        for name in HARNESS:
            if name not in found and _imports(text, name.removesuffix(".py")):
                found[name] = _text(name)
                texts.append(found[name])
    return found


def _imports(text: str, module: str) -> bool:
    # Not by ast: a script may be in the language of Python 2.7.
    return re.search(rf"^[ \t]*(from|import)[ \t]+{module}\b", text, re.MULTILINE) is not None


def _text(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()
