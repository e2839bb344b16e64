"""The documentation says what the program does: tables, links, commands and examples are checked."""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from pybuild.cli.parser import parse, parser_of
from pybuild.errors import ExitCode, UsageError
from pybuild.load.document import parse_document
from pybuild.load.lint import lint_recipe, lint_site
from pybuild.load.recipes import load_recipe
from pybuild.load.schema import SchemaName, validate
from pybuild.load.sites import load_site

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
SHELLS = ("bash", "console", "sh")


class Block(NamedTuple):
    """A fenced block, and the comment right above it: ``<!-- kind: name -->``."""

    page: Path
    kind: str
    name: str
    language: str
    text: str


_FENCE = re.compile(
    r"(?:^<!-- (?P<kind>[\w-]+): (?P<name>[^>]+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def blocks(page: Path) -> list[Block]:
    return [
        Block(page, m["kind"] or "", m["name"] or "", m["language"], m["text"])
        for m in _FENCE.finditer(page.read_text("utf-8"))
    ]


def marked(*kinds: str) -> list[Block]:
    found = [block for page in PAGES for block in blocks(page) if block.kind in kinds]
    assert found, f"no block is marked {kinds}"
    return found


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def where(value: object) -> str:
    if isinstance(value, Block):
        return f"{value.page.name}-{value.name}"
    return value.name if isinstance(value, Path) else str(value)


# Tables


def make_reference(
    *arguments: str, script: Path = ROOT / "docs" / "make_reference.py"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", str(script), *arguments], capture_output=True, text=True, check=False
    )


def test_tables_are_fresh() -> None:
    """The tables of keys, fields, tokens and exit codes are those of the code."""
    done = make_reference("--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_table_is_found_and_mended(tmp_path: Path) -> None:
    """A changed table ends the check with 1, and writing brings back what was there."""
    (tmp_path / "pybuild").symlink_to(ROOT / "pybuild")
    docs = tmp_path / "docs"
    docs.mkdir()
    for path in (ROOT / "docs").iterdir():
        if path.is_file():
            (docs / path.name).write_bytes(path.read_bytes())
    page = docs / "exit-codes.md"
    right = page.read_text()
    page.write_text(right.replace("| 5 | BUILD |", "| 5 | FIVE |"))
    script = docs / "make_reference.py"
    assert make_reference("--check", script=script).returncode == 1
    assert "FIVE" in page.read_text()
    assert make_reference(script=script).returncode == 0
    assert page.read_text() == right


def test_every_exit_code_has_a_row_and_advice() -> None:
    """Each code is in the table, and below it stands what to do."""
    text = (ROOT / "docs" / "exit-codes.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} | {code.name} | " in text
        assert code == ExitCode.DONE or f"- **{int(code)}**: " in text


# Links


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=where)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names an existing file, and every anchor a heading."""
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


# Commands


def in_spans(page: Path) -> Iterator[list[str]]:
    """Yield the words of each ``pybuild ...`` between back-ticks; ``list|show`` stands for two commands."""
    spans = re.findall(r"`(pybuild [^`]+)`", prose(page))
    spans += re.findall(r"^ {4}(pybuild .+)$", prose(page), re.MULTILINE)
    for span in spans:
        words = shlex.split(span.replace("\\|", "|"))
        for row in itertools.product(*(word.split("|") if word.islower() else [word] for word in words)):
            yield list(row)


def in_blocks(page: Path) -> Iterator[list[str]]:
    """Yield the words of each pybuild command in the shell blocks of a page."""
    for block in blocks(page):
        if block.language not in SHELLS:
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            command: list[str] = []
            for word in itertools.chain(lexer, [";"]):
                if set(word) <= set("();<>|&"):
                    if command and os.path.basename(command[0]) == "pybuild":
                        yield ["pybuild", *command[1:]]
                    command = []
                else:
                    command.append(word)


PLACEHOLDERS = {"LEVEL": "linked", "N": "2"}


def arguments(words: list[str]) -> list[str]:
    """Put values in the place of placeholders: ``[NAME…]`` is a name, ``LEVEL`` a level."""
    bare = [re.sub(r"^\[(.+)\]$", r"\1", word).rstrip("…") for word in words[1:]]
    return [PLACEHOLDERS.get(word, word) for word in bare if word]


def accepted(words: list[str]) -> str:
    """Return why the real parser refuses a command, ``""`` where it takes it.

    A command that is only named, without what it needs, must exist.
    """
    given = arguments(words)
    try:
        parse(given)
    except UsageError as error:
        if "arguments are required" in error.message and not any(word.startswith("-") for word in given):
            try:
                parse([*given, "--help"])
            except SystemExit:
                return ""
            except UsageError as inner:
                return inner.message
        return error.message
    except SystemExit:  # --help, --version
        return ""
    return ""


COMMANDS = [(page, words) for page in PAGES for words in (*in_spans(page), *in_blocks(page))]


def test_commands_are_found() -> None:
    """The search finds commands in prose, tables and blocks; else the next test would prove nothing."""
    found = {page.name for page, _ in COMMANDS}
    assert {"README.md", "recipes.md", "sites.md", "configuration.md", "exit-codes.md"} <= found
    assert (ROOT / "README.md", ["pybuild", "recipe", "show"]) in COMMANDS
    assert ["pybuild", "plan", "markupsafe", "--recipes", "my-recipes", "--prefix", "myenv"] in [
        w for _, w in COMMANDS
    ]


@pytest.mark.parametrize(
    ("page", "words"), COMMANDS, ids=lambda v: v.name if isinstance(v, Path) else " ".join(v)
)
def test_commands_parse(page: Path, words: list[str]) -> None:
    """Every command in the documentation is one that the program takes."""
    assert not accepted(words), f"{page.name}: {shlex.join(words)}: {accepted(words)}"


@pytest.mark.parametrize(
    "text", ["pybuild instal mpi4py", "pybuild list --prefx e", "pybuild recipe nwe", "pybuild -q"]
)
def test_wrong_commands_are_noticed(text: str) -> None:
    """The check above refuses what the program refuses."""
    assert accepted(shlex.split(text))


# Examples


@pytest.mark.parametrize("block", marked("recipe", "site", "config", "stack"), ids=where)
def test_examples_are_valid(block: Block) -> None:
    """Whatever is marked as a recipe, site or configuration file conforms to its schema."""
    validate(parse_document(f"{block.page.name}/{block.name}", block.text), cast(SchemaName, block.kind))


@pytest.mark.parametrize("block", marked("from"), ids=where)
def test_excerpts_are_verbatim(block: Block) -> None:
    """What is quoted from a file of the repository still stands there."""
    assert block.text in (ROOT / block.name).read_text()


def write_recipe(folder: Path) -> None:
    """Write the recipe of docs/recipes.md and the files beside it."""
    for block in marked("recipe", "file"):
        target = folder / "markupsafe" / ("recipe.yaml" if block.kind == "recipe" else block.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text)


def test_every_command_has_a_line_on_its_data() -> None:
    """docs/json.md names the commands that take ``--json``, and no others."""
    listed = re.findall(r"^\| `(pybuild [a-z ]+)` \|", (ROOT / "docs/json.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(_with_data(parser_of(), ""))


def _with_data(parser: argparse.ArgumentParser, words: str) -> Iterator[str]:
    """Yield the commands that people call and that print data."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups and "--json" in parser._option_string_actions:
        yield f"pybuild{words}"
    for group in groups:
        for choice in group._choices_actions:  # what no help lists is not among them
            yield from _with_data(group.choices[choice.dest], f"{words} {choice.dest}")


def test_the_walked_through_recipe_has_no_problem(tmp_path: Path) -> None:
    """The recipe that docs/recipes.md writes line by line passes lint."""
    write_recipe(tmp_path)
    assert lint_recipe(load_recipe(str(tmp_path / "markupsafe" / "recipe.yaml"))) == ()


def test_the_walked_through_recipe_can_be_planned(tmp_path: Path) -> None:
    """Its plan has what the page shows: the compiler in CC, the second variable, both checks."""
    write_recipe(tmp_path / "my-recipes")
    words = ("plan", "markupsafe", "--recipes", "my-recipes", "--prefix", "myenv")
    done = subprocess.run(
        [sys.executable, "-m", "pybuild", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for shown in ("markupsafe-3.0.3.tar.gz", "CIBUILDWHEEL=1", "import markupsafe._speedups", "escapes.py"):
        assert shown in done.stdout
    assert re.search(r"CC=/\S+", done.stdout)


@pytest.mark.parametrize("block", marked("site"), ids=where)
def test_the_walked_through_site_has_no_problem(block: Block, tmp_path: Path) -> None:
    """The site that docs/sites.md writes passes lint."""
    file = tmp_path / f"{block.name}.yaml"
    file.write_text(block.text)
    assert lint_site(load_site(str(file))) == ()
