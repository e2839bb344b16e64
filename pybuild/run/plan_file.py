"""The plan as a file: what one build, here or in a batch job, is started with.

The environments that the module tool made stand in the file, beside the plan that was made from them.
A build reads them and does not ask the module tool again: the plan's keys name what was loaded when the plan
was made, and a module that was changed since, or another node's modules, would put other bytes under them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pybuild import __version__
from pybuild.errors import PlanError
from pybuild.files import replace_file
from pybuild.model.modules import Capture, ModulePlan
from pybuild.model.plan import (
    ApplyPatch,
    Overlay,
    PackagePlan,
    Plan,
    Run,
    StageInterpreter,
    StageTree,
    StageWheel,
    Step,
    Unpack,
)

FORMAT = 1
"""Grows with every change of what a plan file means."""

_STEPS: Mapping[str, type] = {
    "unpack": Unpack,
    "patch": ApplyPatch,
    "overlay": Overlay,
    "run": Run,
    "stage-wheel": StageWheel,
    "stage-tree": StageTree,
    "stage-interpreter": StageInterpreter,
}
"""``kind`` of a step -> its record."""

_AGAIN = "pybuild plan SPEC... --output FILE writes a fresh one"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """What a plan file holds.

    Attributes:
        captures: environments that the plan's modules gave, in which its builds work.
    """

    plan: Plan
    captures: tuple[Capture, ...] = ()

    def environments(self) -> Mapping[ModulePlan, Capture]:
        """Return the captured environments by what was asked for."""
        return {capture.plan: capture for capture in self.captures}


def write_plan_file(path: Path, content: PlanFile) -> None:
    """Write a plan file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    from cattrs import unstructure

    body = unstructure(content)
    data = {"format": FORMAT, "pybuild": __version__, "digest": _digest(body), "content": body}
    replace_file(path, json.dumps(data, indent=1) + "\n")


def read_plan_file(path: Path) -> PlanFile:
    """Read a plan file.

    Raises:
        PlanError: it is not there, is none, was written by another pybuild, or was changed since.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}", hint=_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{path}: is no plan file: {error}", hint=_AGAIN) from error
    expected = {"format", "pybuild", "digest", "content"}
    if not isinstance(data, dict) or set(data) != expected:
        raise PlanError(
            f"{path}: is no plan file: expected the keys {', '.join(sorted(expected))}", hint=_AGAIN
        )
    if data["format"] != FORMAT or data["pybuild"] != __version__:
        raise PlanError(
            f"{path}: was written in format {data['format']} by pybuild {data['pybuild']}, "
            f"expected format {FORMAT} and pybuild {__version__}",
            hint=_AGAIN,
        )
    if _digest(data["content"]) != data["digest"]:
        raise PlanError(f"{path}: was changed after it was written: its digest does not fit", hint=_AGAIN)
    return _structured(path, data["content"])


def package_of(content: PlanFile, key: str, path: Path) -> PackagePlan:
    """Return the package that a key, or a name, means.

    Raises:
        PlanError: the plan has none, or does not build it.
    """
    built = [p for p in content.plan.packages if p.build is not None]
    for package in built:
        if key in (package.key, package.name):
            return package
    names = ", ".join(f"{p.name} ({p.key})" for p in built) or "nothing"
    raise PlanError(f"{path}: no build has the key or name {key!r}; it builds {names}")


def _structured(path: Path, content: Any) -> PlanFile:
    from cattrs import Converter
    from cattrs.errors import BaseValidationError

    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Step, lambda data, _: converter.structure(data, _STEPS[data["kind"]]))
    try:
        return converter.structure(content, PlanFile)
    except (BaseValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanError(f"{path}: does not hold what this pybuild calls a plan", hint=_AGAIN) from error


def _digest(body: Any) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
