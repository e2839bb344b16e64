"""A site's record back to the text of a site file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pybuild.model.modules import Operation
from pybuild.model.nodes import Detect
from pybuild.model.providers import Provider, Target
from pybuild.model.rules import Rule
from pybuild.model.site import Site

_APART = {"text", "file", "extends", "abstract"}
_EMPTY: tuple[object, ...] = ("", (), None, False, [], {})


def site_text(site: Site) -> str:
    """Return a site file that holds the same site, what it extends included.

    Everything but the text and the path of the original file comes back when it is read.
    """
    data = _compact(
        site, leave=_APART | {"python_modules", "python_refused", "python_variables", "libraries"}
    )
    data |= {
        "detect": None if site.detect == Detect() else _compact(site.detect, pairs={"env"}),
        "nodes": {node.kind: _compact(node, leave={"kind"}) for node in site.nodes},
        "modules": {**_compact(site.modules, pairs={"families"}), "tool": site.modules.tool},
        "targets": [_target(target) for target in site.targets],
        "virtuals": {one.name: [_provider(provider) for provider in one.providers] for one in site.virtuals},
        "rules": [_rule(rule) for rule in site.rules],
        "libraries": {"refuse": _each(site.libraries)} if site.libraries else None,
        "python": _present(
            {
                "modules": _each(site.python_modules),
                "refuse": _each(site.python_refused),
                "variables": _each(site.python_variables),
            }
        ),
        "launcher": _compact(site.launcher, pairs={"oversubscribe", "env"}) if site.launcher else None,
        "failures": _each(site.failures),
        "file_systems": _each(site.file_systems),
        "share": _compact(site.share) if site.share else None,
    }
    return "\n".join(_block(_present(data), "")) + "\n"


def _target(target: Target) -> dict[str, Any]:
    replaced: dict[str, dict[str, str]] = {}
    for virtual, field, value in target.fields:
        replaced.setdefault(virtual, {})[field] = value
    data = _compact(target, pairs={"env"}, leave={"modules"})
    return _present({**data, "fields": replaced, "modules": _operations(target.modules)})


def _provider(provider: Provider) -> dict[str, Any]:
    data = _compact(provider, pairs={"env", "fields", "programs"}, leave={"modules", "facts"})
    facts = {fact.field: _compact(fact, leave={"field"}) for fact in provider.facts}
    return _present({**data, "facts": facts, "modules": _operations(provider.modules)})


def _rule(rule: Rule) -> dict[str, Any]:
    data = _compact(rule, pairs={"env"}, leave={"when", "modules"})
    when = _compact(rule.when, pairs={"provider"})
    return _present({**data, "when": when, "modules": _operations(rule.modules)})


def _operations(done: Iterable[Operation]) -> list[dict[str, Any]]:
    return [{one.kind: _words(one)} for one in done]


def _words(one: Operation) -> object:
    if one.kind == "swap":
        return {"old": one.old, "new": one.module}
    return {"family": one.family, "module": one.module} if one.kind == "choose" else one.module


def _each(records: Iterable[object]) -> list[dict[str, Any]]:
    return [_compact(record) for record in records]


def _compact(record: object, *, pairs: Iterable[str] = (), leave: Iterable[str] = ()) -> dict[str, Any]:
    """Return a record's fields as a mapping, without empty ones and those to ``leave``.

    Args:
        pairs: fields that hold pairs, which are a mapping in a file.
    """
    assert is_dataclass(record)
    names = [field.name for field in fields(record) if field.name not in set(leave)]
    data = {name: getattr(record, name) for name in names}
    return _present({name: dict(value) if name in set(pairs) else value for name, value in data.items()})


def _present(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if not any(value == empty for empty in _EMPTY)}


def _block(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield the lines of a mapping as YAML; text is quoted as JSON quotes it, which YAML understands."""
    for name, inner in value.items():
        head = f"{indent}{_scalar(name)}:"
        if isinstance(inner, Mapping) and inner:
            yield head
            yield from _block(inner, indent + "  ")
        elif isinstance(inner, list | tuple) and any(isinstance(item, Mapping) for item in inner):
            yield head
            for item in inner:
                lines = list(_block(item, indent + "    "))
                yield f"{indent}  - {lines[0].lstrip()}"
                yield from lines[1:]
        else:
            yield f"{head} {_scalar(inner)}"


def _scalar(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.replace("_", "").isalpha() and value.islower():
        return (
            value
            if value not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
            else f'"{value}"'
        )
    return json.dumps(value, ensure_ascii=False)
