"""Every command has the options that all have, its own help, and refuses what it does not know."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from importlib import import_module

import pytest

from pybuild.cli.main import main
from pybuild.cli.parser import GROUPS, parse, parser_of
from pybuild.errors import ExitCode, UsageError


def commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield every command that does something, with the words that call it."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield path, parser
    for group in groups:
        for name, inner in group.choices.items():
            yield from commands(inner, (*path, name))


COMMANDS = dict(commands(parser_of()))
IDS = [" ".join(path) for path in COMMANDS]


def test_the_commands_are_found() -> None:
    """Without this, what follows could prove nothing."""
    expected = {
        ("install",),
        ("plan",),
        ("script",),
        ("list",),
        ("verify",),
        ("uninstall",),
        ("recipe", "lint"),
        ("site", "show"),
    }
    assert expected <= set(COMMANDS)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_the_commands_that_its_file_adds(group: str) -> None:
    """A command that the table does not name would only be found by the slow way, or not at all."""
    found = {path[0] for path, _ in commands(parser_of([group]))}
    assert found == set(GROUPS[group])


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_every_command_speaks_json_and_has_a_function(path: tuple[str, ...]) -> None:
    """The function exists, is public and says what it does."""
    command = COMMANDS[path]
    # What env run starts prints what it prints.
    assert ("--json" in command._option_string_actions) == (path != ("env", "run"))
    cells = inspect.getclosurevars(command.get_default("run")).nonlocals
    function = getattr(import_module(f"pybuild.cli.{cells['module']}"), cells["name"])
    assert function.__doc__
    assert not function.__name__.startswith("_")


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_the_help_of_every_command_names_its_options(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each option with a sentence; the command line ends well."""
    with pytest.raises(SystemExit) as caught:
        parse([*path, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert f"pybuild {' '.join(path)}" in text
    for action in COMMANDS[path]._actions:
        if action.help == argparse.SUPPRESS:  # how pybuild starts itself
            continue
        for option in action.option_strings:
            assert option in text
        if action.option_strings:
            assert action.help, f"{path}: {action.option_strings} has no help"


def test_what_only_jobs_call_is_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is there, and no help offers it to people."""
    assert ("jobs", "install") in COMMANDS
    with pytest.raises(SystemExit):
        parse(["jobs", "--help"])
    text = capsys.readouterr().out
    assert "cancel" in text
    assert "install" not in text


def test_a_level_is_named_alike_everywhere() -> None:
    """``verify`` calls it --level, so ``install`` takes that as well."""
    for option in ("--verify", "--level"):
        assert parse(["install", "x", option, "linked"]).verify == "linked"


def test_explain_says_what_it_plans_for_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody named the package that is looked into."""
    with pytest.raises(SystemExit):
        parse(["explain", "--help"])
    assert "without a spec that of mpi4py" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_equal_options_mean_the_same_everywhere(path: tuple[str, ...]) -> None:
    """A short option stands for one long option in all commands."""
    longs = {
        "-p": "--prefix",
        "-y": "--yes",
        "-n": "--dry-run",
        "-v": "--verbose",
        "-j": "--jobs",
        "-o": "--output",
        "-h": "--help",
    }
    for option, action in COMMANDS[path]._option_string_actions.items():
        if not option.startswith("--"):
            assert longs[option] in action.option_strings


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
@pytest.mark.parametrize("bad", ["--no-such-option", "--jso"])
def test_an_unknown_or_shortened_option_is_a_usage_error(path: tuple[str, ...], bad: str) -> None:
    """Abbreviations would change their meaning with every new option."""
    actions = COMMANDS[path]._actions
    wanted = [a for a in actions if a.nargs not in ("?", "*", argparse.REMAINDER) and not a.option_strings]
    names = [next(iter(a.choices)) if a.choices else "x" for a in wanted]
    needed = [word for a in actions if a.required and a.option_strings for word in (a.option_strings[0], "x")]
    with pytest.raises(UsageError, match=bad) as caught:
        parse([*path, *names, *needed, bad])
    assert "--help" in str(caught.value.hint)


@pytest.mark.parametrize(
    "argv",
    [
        [], ["no-such-command"], ["install"], ["install", "x", "--verify", "sure"], ["recipe"], ["site", "x"],
        ["install", "x", "--jobs", "many"], ["install", "x", "--prefix"], ["info"], ["--no-such-option"],
        ["install", "x", "-p", "/p", "x=1"], ["install", "x"],
    ],
)  # fmt: skip
def test_a_mistake_ends_with_code_two_and_no_traceback(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that begins with ``error:`` in lower case, on standard error alone."""
    assert main(argv, {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}) == int(ExitCode.USAGE)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[0][7] == lines[0][7].lower()
    assert lines[1:] == [] or lines[1].startswith("hint: ")


@pytest.mark.parametrize(
    "command", [["printenv", "-p", "e5"], ["echo", "--help"], ["python", "-V"], ["x", "--", "y"]]
)
def test_what_follows_the_first_word_of_a_command_is_its_own(command: list[str]) -> None:
    """``env run`` takes no option behind it, and ``--`` before it is not needed."""
    arguments = parse(["env", "run", "-p", "e3", *command])
    assert (arguments.prefix, arguments.words) == ("e3", command)
    assert parse(["env", "run", *command]).words == command


@pytest.mark.parametrize("words", [[], ["--"]])
def test_env_run_wants_a_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Also behind ``--``."""
    assert main(["env", "run", "-p", "/nowhere", *words], {}) == int(ExitCode.USAGE)
    assert "no command to run is named" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """To standard output."""
    from pybuild import __version__

    with pytest.raises(SystemExit) as caught:
        parse(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"pybuild {__version__}\n")
