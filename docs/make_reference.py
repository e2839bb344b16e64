"""Write the tables of docs/*.md that follow from the code, so that neither can say what the other does not.

``python docs/make_reference.py`` writes them.
With ``--check`` it only says which file is stale, and ends with exit code 1 if one is.
Each table stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from pybuild import errors  # noqa: E402  the checkout's own code comes first
from pybuild.load.schema import SchemaName, load_schema  # noqa: E402
from pybuild.load.virtuals import VIRTUALS  # noqa: E402
from pybuild.model import plan  # noqa: E402

Schema = dict[str, Any]

_OTHER_CODES = {
    errors.ExitCode.DONE: "Everything that was asked for is done, or was done already.",
    errors.ExitCode.UNEXPECTED: "The operating system refused something (a full disk, a permission), "
    "or pybuild itself is wrong.",
}


def keys_of(name: SchemaName) -> list[str]:
    """Return the table of every key of a document: what it holds, whether it is needed, what it means."""
    schema = load_schema(name)
    rows = ["| key | holds | needed | meaning |", "|---|---|---|---|"]
    return rows + [_row(path, part, needed) for path, part, needed in _keys(schema, schema, "")]


def exit_codes() -> list[str]:
    """Return the table of exit codes; the meaning is the docstring of the code's error class."""
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type)]
    meaning = {
        cls.code: _first_paragraph(cls) for cls in classes if issubclass(cls, errors.PybuildError)
    } | _OTHER_CODES
    rows = ["| code | name | meaning |", "|---|---|---|"]
    return rows + [f"| {int(code)} | {code.name} | {_cell(meaning[code])} |" for code in errors.ExitCode]


def fields() -> list[str]:
    """Return the table of the fields that providers of virtuals have."""
    rows = ["| template | meaning |", "|---|---|"]
    return rows + [
        f"| `${{{{ {virtual}.{field} }}}}` | {_cell(meaning)} |"
        for virtual, known in VIRTUALS.items()
        for field, meaning in known.items()
    ]


def late_tokens() -> list[str]:
    """Return the table of late tokens, as the docstring of ``pybuild.model.plan`` describes them."""
    found = dict(re.findall(r"``\$\{\{ (\w+) \}\}``\s+(.+)", plan.__doc__ or ""))
    meanings = {token: re.sub(r" \(see .*\)$", "", found[token]) for token in plan.LATE}
    return ["| token | stands for |", "|---|---|"] + [
        f"| `${{{{ {token} }}}}` | {_cell(meaning)} |" for token, meaning in meanings.items()
    ]


TABLES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "recipe-keys": ("recipes.md", lambda: keys_of("recipe")),
    "fields": ("recipes.md", fields),
    "late-tokens": ("recipes.md", late_tokens),
    "proof-keys": ("recipes.md", lambda: keys_of("proof")),
    "site-keys": ("sites.md", lambda: keys_of("site")),
    "config-keys": ("configuration.md", lambda: keys_of("config")),
    "stack-keys": ("stacks.md", lambda: keys_of("stack")),
    "exit-codes": ("exit-codes.md", exit_codes),
}
"""Name of each table, the file that holds it, and what makes it."""


def main(arguments: list[str]) -> int:
    """Write or check every table and return the exit code."""
    stale = []
    for file in sorted({file for file, _ in TABLES.values()}):
        path = DOCS / file
        text = path.read_text("utf-8")
        new = _with_tables(text, file)
        if new != text:
            stale.append(f"docs/{file}")
            if "--check" not in arguments:
                path.write_text(new, "utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"stale: {', '.join(stale)}; run {os.path.relpath(__file__)} to write them anew\n")
        return 1
    return 0


def _with_tables(text: str, file: str) -> str:
    for name, (place, make) in TABLES.items():
        if place == file:
            begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
            before, found, rest = text.partition(begin)
            _, closed, after = rest.partition(end)
            if not found or not closed:
                raise SystemExit(f"docs/{file} has no {begin} ... {end}")
            text = "\n".join((before + begin, "", *make(), "", end)) + after
    return text


def _keys(part: Schema, schema: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    """Yield (dotted key, its schema, whether it is needed); what a key above it explains is not repeated."""
    owners = {
        inner["$ref"]: key
        for key, inner in schema["properties"].items()
        if "$ref" in inner and _resolved(inner, schema)["type"] != "string"
    }
    for key, inner in part.get("properties", {}).items():
        yield from _key(f"{path}{key}", inner, schema, key in part.get("required", ()), owners)


def _key(
    path: str, inner: Schema, schema: Schema, needed: bool, owners: dict[str, str]
) -> Iterator[tuple[str, Schema, bool]]:
    whole = _resolved(inner, schema)
    owner = owners.get(inner.get("$ref", ""), path)
    if owner != path:
        yield path, {**whole, "as": owner}, needed
        return
    if "items" in whole:
        whole = {**whole, "items": _resolved(whole["items"], schema)}
    yield path, whole, needed
    if "properties" in whole:
        yield from _keys(whole, schema, f"{path}.")
    children = whole.get("items"), f"{path}[]"
    if isinstance(whole.get("additionalProperties"), dict):
        children = _resolved(whole["additionalProperties"], schema), f"{path}.*"
    child, place = children
    if child is not None and "items" in child:  # a mapping of lists
        child, place = _resolved(child["items"], schema), f"{place}[]"
    if child is not None and "properties" in child:
        yield from _keys(child, schema, f"{place}.")
    elif child is not None and isinstance(child.get("additionalProperties"), dict):
        deeper = _resolved(child["additionalProperties"], schema)
        yield f"{place}.*", {"description": child.get("description", ""), **deeper}, False


def _resolved(part: Schema, schema: Schema) -> Schema:
    """Return a schema with its reference followed; what stands beside the reference wins."""
    if "$ref" not in part:
        return part
    target: Schema = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]]
    return {**_resolved(target, schema), **{key: value for key, value in part.items() if key != "$ref"}}


def _row(path: str, part: Schema, needed: bool) -> str:
    holds = f"as `{part['as']}`" if "as" in part else _holds(part)
    meaning = _cell(part.get("description", ""))
    return f"| `{path}` | {_cell(holds)} | {'yes' if needed else ''} | {meaning} |"


def _holds(part: Schema) -> str:
    if "enum" in part:
        return "one of " + ", ".join(f"`{value}`" for value in part["enum"])
    if "title" in part:
        return str(part["title"])
    kind = part.get("type")
    if kind == "array":
        inner = part.get("items", {})
        return "list of mappings" if inner.get("type") == "object" else f"list: {_holds(inner)}"
    if kind == "integer":
        return f"number, {part['minimum']} to {part['maximum']}"
    return {"string": "text", "boolean": "true or false", "object": "mapping"}[str(kind)]


def _first_paragraph(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def _cell(text: str) -> str:
    """Return text that a table cell shows as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    shown = (part if part.startswith("`") else part.replace("<", "\\<").replace("*", "\\*") for part in parts)
    return "".join(shown).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
