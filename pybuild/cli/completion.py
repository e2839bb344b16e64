"""Words that a shell offers when the tab key is pressed after ``pybuild``."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import argcomplete.shell_integration
from argcomplete.completers import DirectoriesCompleter, FilesCompleter, SuppressCompleter

from pybuild.cli.parser import groups_of, parser_of
from pybuild.cli.plain import absolute
from pybuild.cli.text import put
from pybuild.errors import PybuildError
from pybuild.load.places import Places, find_places

Words = Callable[[argparse.Namespace, Mapping[str, str]], Iterable[str]]

_ZSH = """\
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
"""
"""zsh takes completions only where its own were started."""


def completion(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what the start-up file of a shell evaluates."""
    text = argcomplete.shell_integration.shellcode(["pybuild"], shell=arguments.shell)
    text = (_ZSH if arguments.shell == "zsh" else "") + text.strip("\n")
    put(json.dumps({"shell": arguments.shell, "text": text}, indent=1) if arguments.json else text)
    return 0


def complete(environ: Mapping[str, str]) -> None:
    """Answer the shell that asks by ``_ARGCOMPLETE`` and its companions, and end the process."""
    line = environ.get("COMP_LINE", "")
    head = line[: int(environ.get("COMP_POINT") or len(line))]
    words = head.split()[1:]
    parser = parser_of(groups_of(words if head.endswith(" ") else words[:-1]))
    _prepare(parser, "", environ)
    # Options are offered once a hyphen stands there: without one they would hide the names.
    argcomplete.autocomplete(parser, always_complete_options=False, default_completer=SuppressCompleter())


def _prepare(parser: argparse.ArgumentParser, command: str, environ: Mapping[str, str]) -> None:
    """Say for each argument of a command, and of its commands, where its words come from."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            listed = {choice.dest for choice in action._choices_actions}
            for name in [name for name in action.choices if name not in listed]:
                del action.choices[name]  # no help shows it either
            for name, inner in action.choices.items():
                _prepare(inner, f"{command} {name}".strip(), environ)
        elif action.choices is None and action.metavar is not None:
            completer = _completer(action, command, environ)
            if completer is not None:
                action.completer = completer  # type: ignore[attr-defined]


def _completer(action: argparse.Action, command: str, environ: Mapping[str, str]) -> Any:
    metavar = str(action.metavar)
    if metavar == "DIR":
        return DirectoriesCompleter()
    if metavar in ("FILE", "FILE|ROOT", "FILE|URL", "JOB-OUTPUT", "PLAN", "VERSION|PATH"):
        return FilesCompleter()
    words = _OPTIONS.get(action.option_strings[-1]) if action.option_strings else _named(metavar, command)
    return _Completer(words, environ) if words is not None else None


class _Completer:
    """Offers words, or none where a file that they stand in cannot be read."""

    def __init__(self, words: Words, environ: Mapping[str, str]) -> None:
        self._words, self._environ = words, environ

    def __call__(self, *, prefix: str, parsed_args: argparse.Namespace, **_: object) -> list[str]:
        with suppress(PybuildError, OSError):
            return [word for word in self._words(parsed_args, self._environ) if word.startswith(prefix)]
        return []


def _named(metavar: str, command: str) -> Words | None:
    """Return where the words of an argument without an option come from."""
    if metavar in ("SPEC", "SPEC|VARIABLE"):
        return _recipes
    if metavar == "RUN":
        return _runs
    if metavar != "NAME":
        return None
    if command.startswith("site "):
        return _sites
    if command in ("info", "log", "verify", "uninstall"):
        return _installed
    return _recipes if command == "search" or command.startswith("recipe ") else None


def _recipes(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[str]:
    from pybuild.load.folders import folders

    for directory in _places(arguments, environ).recipes:
        yield from folders(directory)


def _sites(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterable[str]:
    from pybuild.load.sites import site_files

    return site_files(_places(arguments, environ).sites)


def _targets(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[str]:
    from pybuild.load.sites import choose_site

    places = _places(arguments, environ)
    for target in choose_site(getattr(arguments, "site", None), places, environ).targets:
        yield target.name


def _providers(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[str]:
    from pybuild.load.sites import choose_site

    places = _places(arguments, environ)
    for virtual in choose_site(getattr(arguments, "site", None), places, environ).virtuals:
        for provider in virtual.providers:
            yield f"{virtual.name}={provider.name}"


def _installed(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[str]:
    from pybuild.prefix.notes import read_notes

    prefix = getattr(arguments, "prefix", None) or environ.get("CONDA_PREFIX")
    for note in read_notes(absolute(prefix)) if prefix else ():
        yield str(note.get("name", ""))


def _runs(arguments: argparse.Namespace, environ: Mapping[str, str]) -> list[str]:
    cache = getattr(arguments, "cache", None)
    return os.listdir(os.path.join(absolute(cache) if cache else _places(arguments, environ).cache, "runs"))


def _shells(arguments: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, ...]:
    return ("bash", "zsh", "sh", "csh", "tcsh", "fish")


def _formats(arguments: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, ...]:
    return ("tcl", "lua")


def _places(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Places:
    named = (getattr(arguments, name, None) or [] for name in ("recipes", "sites"))
    recipes, sites = ([absolute(folder) for folder in folders] for folders in named)
    return find_places(environ, recipes, sites)


_OPTIONS: dict[str, Words] = {
    "--site": _sites, "--target": _targets, "--use": _providers, "--shell": _shells, "--format": _formats,
}  # fmt: skip
"""Option -> where its words come from."""
