"""A validated recipe document to the frozen record that the planner works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pybuild.errors import DocumentError
from pybuild.load.document import Document
from pybuild.load.operations import operations_of
from pybuild.model.recipe import (
    About,
    Build,
    Check,
    Condition,
    ExtraSource,
    Option,
    Override,
    Patch,
    Provides,
    Recipe,
    RecipeModules,
    Release,
    Requirements,
    Source,
)

Raw = Mapping[str, Any]


def recipe_of(document: Document) -> Recipe:
    """Return the record of a recipe document that :func:`pybuild.load.schema.validate` accepted."""
    data: Raw = document.data
    return Recipe(
        name=data["name"],
        about=About(**data["about"]),
        source=Source(**data["source"]),
        releases=tuple(_release(version, raw) for version, raw in data["versions"].items()),
        requirements=Requirements(
            **{key: tuple(value) for key, value in data.get("requirements", {}).items()}
        ),
        options=tuple(Option(name=name, **raw) for name, raw in data.get("options", {}).items()),
        sources=tuple(_extra_source(raw) for raw in data.get("sources", ())),
        patches=tuple(_patch(document, number, raw) for number, raw in enumerate(data.get("patches", ()))),
        build=_build(data.get("build", {})),
        overrides=tuple(_override(raw) for raw in data.get("overrides", ())),
        modules=tuple(
            RecipeModules(
                **{
                    **raw,
                    "operations": operations_of(raw["operations"]),
                    "when": Condition(**raw.get("when", {})),
                }
            )
            for raw in data.get("modules", ())
        ),
        provides=tuple(
            Provides(virtual=virtual, fields=tuple(fields.items()))
            for virtual, fields in data.get("provides", {}).items()
        ),
        tests=tuple(_check(raw) for raw in data.get("tests", ())),
        absent=tuple(data.get("absent", ())),
        unproven=data.get("unproven", False),
        directory=os.path.dirname(os.path.abspath(document.path)),
        text=document.text,
    )


def _release(version: str, raw: Raw) -> Release:
    return Release(
        version=version,
        sha256=raw.get("sha256"),
        file=raw.get("file", ""),
        wheels=tuple(raw.get("wheels", {}).items()),
        python=raw.get("python", ""),
        url=raw.get("url", ""),
        commit=raw.get("commit", ""),
    )


def _extra_source(raw: Raw) -> ExtraSource:
    return ExtraSource(
        folder=raw["folder"],
        sha256=raw["sha256"],
        source=Source(pypi=raw.get("pypi"), url=raw.get("url"), git=raw.get("git")),
        file=raw.get("file", ""),
        commit=raw.get("commit", ""),
        when=Condition(**raw.get("when", {})),
    )


def _patch(document: Document, number: int, raw: Raw) -> Patch:
    """Return a patch with its text: planning touches no disk, and what is built must not change after it."""
    path = os.path.join(os.path.dirname(document.path), raw["file"])
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "not UTF-8").lower()
        sentence = f"patches[{number}].file: {path} cannot be read: {reason}"
        raise DocumentError((document.problem(("patches", number, "file"), sentence),)) from error
    return Patch(**{**raw, "text": text, "when": Condition(**raw.get("when", {}))})


def _build(raw: Raw) -> Build:
    return Build(**dict(_frozen(raw)))


def _frozen(raw: Raw) -> tuple[tuple[str, Any], ...]:
    """Return a ``build`` mapping with its lists and mappings as tuples."""
    return tuple((key, _tuple(value)) for key, value in raw.items())


def _tuple(value: object) -> object:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _override(raw: Raw) -> Override:
    requirements, build, tests = raw.get("requirements"), raw.get("build"), raw.get("tests")
    return Override(
        when=Condition(**raw["when"]),
        reason=raw.get("reason", ""),
        requirements=None if requirements is None else _frozen(requirements),
        build=None if build is None else _frozen(build),
        tests=None if tests is None else tuple(_check(test) for test in tests),
    )


def _check(raw: Raw) -> Check:
    links = raw.get("links", {})
    return Check(
        imports=tuple(raw.get("imports", ())),
        module=links.get("module"),
        library=links.get("library"),
        to=links.get("to"),
        python=raw.get("python"),
        command=tuple(raw.get("command", ())),
        ranks=int(raw.get("ranks", 0)),  # YAML's 2.0 is a whole number to JSON Schema
    )
