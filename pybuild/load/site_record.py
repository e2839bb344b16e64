"""A validated site document to the frozen record that the planner works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pybuild.load.document import Document
from pybuild.load.operations import operations_of
from pybuild.model.launcher import KnownFailure, Launcher
from pybuild.model.nodes import Detect, FileSystem, Node
from pybuild.model.pairs import Pairs
from pybuild.model.providers import Fact, Provider, Target, Virtual
from pybuild.model.pythons import ForeignVariable, PythonModule, RefusedPython
from pybuild.model.rules import RefusedLibrary, Rule, When
from pybuild.model.site import CompilerCache, Modules, Share, Site

Raw = Mapping[str, Any]


def site_of(document: Document) -> Site:
    """Return the record of a site document that :func:`pybuild.load.schema.validate` accepted."""
    data: Raw = document.data
    python: Raw = data.get("python", {})
    return Site(
        name=data["name"],
        summary=data["summary"],
        documentation=data.get("documentation", ""),
        extends=data.get("extends", ""),
        abstract=data.get("abstract", False),
        detect=Detect(**_frozen(data.get("detect", {}))),
        nodes=tuple(Node(kind=kind, **_frozen(raw)) for kind, raw in data.get("nodes", {}).items()),
        keep_env=tuple(data.get("keep_env", ())),
        path=tuple(data.get("path", ())),
        modules=_modules(data.get("modules", {})),
        targets=tuple(_target(raw) for raw in data.get("targets", ())),
        virtuals=tuple(
            Virtual(name=name, providers=tuple(_provider(raw) for raw in providers))
            for name, providers in data.get("virtuals", {}).items()
        ),
        rules=tuple(_rule(raw) for raw in data.get("rules", ())),
        libraries=tuple(RefusedLibrary(**raw) for raw in data.get("libraries", {}).get("refuse", ())),
        python_modules=tuple(PythonModule(**raw) for raw in python.get("modules", ())),
        python_refused=tuple(RefusedPython(**raw) for raw in python.get("refuse", ())),
        python_variables=tuple(ForeignVariable(**raw) for raw in python.get("variables", ())),
        launcher=Launcher(**_frozen(data["launcher"])) if "launcher" in data else None,
        failures=tuple(KnownFailure(**raw) for raw in data.get("failures", ())),
        file_systems=tuple(FileSystem(**raw) for raw in data.get("file_systems", ())),
        share=Share(**data["share"]) if "share" in data else None,
        compiler_cache=CompilerCache(**_frozen(data["compiler_cache"])) if "compiler_cache" in data else None,
        channels=tuple(data.get("channels", ())),
        verify=data.get("verify", "ranked"),
        text=document.text,
        file=os.path.abspath(document.path),
    )


def _modules(raw: Raw) -> Modules:
    families = tuple((name, tuple(patterns)) for name, patterns in raw.get("families", {}).items())
    return Modules(**{**_frozen(raw), "families": families})


def _target(raw: Raw) -> Target:
    fields = tuple(
        (virtual, field, value)
        for virtual, given in raw.get("fields", {}).items()
        for field, value in given.items()
    )
    return Target(**{**_frozen(raw), "fields": fields, "modules": operations_of(raw.get("modules", []))})


def _provider(raw: Raw) -> Provider:
    programs = tuple((field, tuple(names)) for field, names in raw.get("programs", {}).items())
    facts = tuple(
        Fact(field=field, **{**fact, "args": tuple(fact["args"])})
        for field, fact in raw.get("facts", {}).items()
    )
    operations = operations_of(raw.get("modules", []))
    return Provider(**{**_frozen(raw), "programs": programs, "facts": facts, "modules": operations})


def _rule(raw: Raw) -> Rule:
    when: Raw = raw.get("when", {})
    return Rule(
        **{
            **_frozen(raw),
            "when": When(**{**when, "provider": _pairs(when.get("provider"))}),
            "modules": operations_of(raw.get("modules", [])),
        }
    )


def _frozen(raw: Raw) -> dict[str, Any]:
    """Return a mapping of plain values with its lists as tuples and its inner mappings as pairs."""
    return {key: _value(value) for key, value in raw.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _pairs(value)
    return tuple(value) if isinstance(value, list) else value


def _pairs(raw: Raw | None) -> Pairs:
    return tuple((raw or {}).items())
