"""A validated site document to the frozen record that the planner works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pybuild.load.document import Document
from pybuild.model.site import Launcher, Provider, Rule, Site, Virtual

Raw = Mapping[str, Any]


def site_of(document: Document) -> Site:
    """Return the record of a site document that :func:`pybuild.load.schema.validate` accepted."""
    data: Raw = document.data
    return Site(
        name=data["name"],
        summary=data["summary"],
        detect_env=_pairs(data.get("detect", {}).get("env")),
        keep_env=tuple(data.get("keep_env", ())),
        path=tuple(data.get("path", ())),
        virtuals=tuple(
            Virtual(name=name, providers=tuple(_provider(raw) for raw in providers))
            for name, providers in data.get("virtuals", {}).items()
        ),
        rules=tuple(_rule(raw) for raw in data.get("rules", ())),
        launcher=_launcher(data.get("launcher")),
        channels=tuple(data.get("channels", ())),
        verify=data.get("verify", "ranked"),
        text=document.text,
        file=os.path.abspath(document.path),
    )


def _provider(raw: Raw) -> Provider:
    return Provider(
        name=raw["name"],
        where=raw["where"],
        programs=tuple((field, tuple(names)) for field, names in raw.get("programs", {}).items()),
        fields=_pairs(raw.get("fields")),
        recipe=raw.get("recipe"),
    )


def _rule(raw: Raw) -> Rule:
    return Rule(**{**raw, "env": _pairs(raw.get("env"))})


def _launcher(raw: Raw | None) -> Launcher | None:
    if raw is None:
        return None
    return Launcher(ranks=tuple(raw["ranks"]), oversubscribe=_pairs(raw.get("oversubscribe")))


def _pairs(raw: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple((raw or {}).items())
