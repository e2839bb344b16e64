"""load/schema.py: every problem is found and told; the quick check and jsonschema agree."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pybuild.errors import DocumentError
from pybuild.load.conform import conforms
from pybuild.load.document import Document, load_document, parse_document
from pybuild.load.schema import SchemaName, load_schema, validate

EXAMPLES = Path(__file__).parent.parent / "examples"
ROOT = EXAMPLES.parent.parent
NAMES: tuple[SchemaName, ...] = ("recipe", "site", "config", "proof", "stack")


def kind_of(path: Path) -> SchemaName:
    return next(name for name in NAMES if path.name.startswith(name))


def examples(folder: str) -> list[Path]:
    found = sorted((EXAMPLES / folder).glob("*.yaml"))
    assert found, f"no examples in {folder}"
    return found


@pytest.mark.parametrize("name", NAMES)
def test_metaschema(name: SchemaName) -> None:
    """Our schemas are valid JSON Schema of draft 2020-12."""
    schema = load_schema(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    if isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


@pytest.mark.parametrize("name", NAMES)
def test_closed_and_described(name: SchemaName) -> None:
    """Every mapping says what keys it takes, and every key has a description for an editor to show."""
    for node in nodes(load_schema(name)):
        if node.get("type") == "object":
            assert "additionalProperties" in node, node
        properties = node.get("properties", {})
        for key, part in properties.items():
            if isinstance(part, dict) and "$ref" not in part:
                assert part.get("description"), f"{name}: {key} has no description"


@pytest.mark.parametrize("path", examples("valid"), ids=lambda path: path.stem)
def test_valid(path: Path) -> None:
    """The examples of right documents are accepted."""
    validate(load_document(str(path)), kind_of(path))


@pytest.mark.parametrize("path", examples("invalid"), ids=lambda path: path.stem)
def test_invalid(path: Path) -> None:
    """Each wrong document gives exactly the sentences that its leading comments expect."""
    lines = path.read_text().splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    with pytest.raises(DocumentError) as caught:
        validate(load_document(str(path)), kind_of(path))
    assert list(caught.value.problems) == [f"{path}:{sentence}" for sentence in expected]


def damaged(value: Any, chance: random.Random) -> Any:
    """Return a copy with one thing in it changed, dropped or added."""
    value = copy.deepcopy(value)
    places = list(containers(value))
    place = chance.choice(places)
    junk = chance.choice([None, True, 2, 0, 3.1, "", "x", "a b", ">=3", [], ["x"], {}, {"x": "y"}, [1]])
    if isinstance(place, list):
        if place and chance.random() < 0.5:
            place[chance.randrange(len(place))] = junk
        else:
            place.append(junk)
        return value
    key = chance.choice([*place, "x", "sha256", "name"])
    if key in place and chance.random() < 0.4:
        del place[key]
    else:
        place[key] = junk
    return value


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@pytest.mark.parametrize("path", examples("valid"), ids=lambda path: path.stem)
def test_quick_check_agrees_with_jsonschema(path: Path) -> None:
    """For hundreds of damaged documents the quick check says yes exactly where jsonschema does."""
    schema = load_schema(kind_of(path))
    judge = jsonschema.Draft202012Validator(schema)
    chance = random.Random(path.name)  # noqa: S311
    data: Any = dict(load_document(str(path)).data)
    verdicts = set()
    for _ in range(300):
        sample = damaged(data, chance)
        quick = conforms(sample, schema, schema)
        assert quick == judge.is_valid(sample), json.dumps(sample)
        verdicts.add(quick)
    assert verdicts == {True, False}


def problems_of(document: Document) -> tuple[str, ...]:
    try:
        validate(document, "recipe")
    except DocumentError as error:
        return error.problems
    return ()


def test_problems_of_damaged_documents_are_sentences() -> None:
    """Whatever is wrong, each problem names file and line in our own words."""
    chance = random.Random(7)  # noqa: S311
    document = load_document(str(EXAMPLES / "valid" / "recipe-full.yaml"))
    data: Any = dict(document.data)
    for _ in range(200):
        sample = parse_document("f", json.dumps(damaged(data, chance)))
        for problem in problems_of(sample):
            assert problem.startswith("f:1: "), problem
            assert "is not valid under" not in problem
            assert "does not match" not in problem


def test_unknown_keyword_raises() -> None:
    """A schema that outgrows the quick check is noticed at once, not passed over."""
    with pytest.raises(KeyError):
        conforms({}, {"patternProperties": {}}, {})


def test_hot_path_without_jsonschema() -> None:
    """Loading a right recipe imports neither jsonschema nor platformdirs."""
    code = (
        "import sys; from pybuild.load.recipes import RecipeTree\n"
        "from pybuild.load.places import find_places\n"
        "RecipeTree(find_places({}).recipes).get('mpi4py')\n"
        "assert 'yaml' in sys.modules\n"
        "sys.exit(' '.join({'jsonschema', 'platformdirs', 'difflib'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
