"""What no schema can say about a stack file: roots, requirements, variables, neighbours."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase

from pybuild.errors import DocumentError
from pybuild.load.document import KeyPath, load_document
from pybuild.load.stack_requirements import check_requirements
from pybuild.model.stack import Stack

Raw = Mapping[str, object]
Finding = tuple[KeyPath, str]
Check = Callable[[Stack, Raw], Iterator[Finding]]

_ODD = re.compile(r"[\s:'\"\\$`*?\[\]{}()<>|&;#!~]")
_ROOM = 170
"""Characters of a root: the path of a release must keep to the 200 of ``prefix.state.LONGEST``."""

RESERVED: dict[str, str] = {
    "PATH": "activation puts the release in front of it; a value of its own would hide every other program",
    "PYTHONPATH": "every Python would look there, also those of other environments",
    "PYTHONHOME": "no Python but one would start",
    "PYTHONSTARTUP": "it is the user's own",
    "PYTHONUSERBASE": "it is the user's own",
    "LD_*": "the loader of every program would heed it, the site's own tools included",
    "CONDA_*": "conda sets it itself",
    "BASH_ENV": "every shell script would read that file",
    "ENV": "every shell script would read that file",
    "IFS": "shells take words apart by it",
    "HOME": "it is the user's own",
    "USER": "it is the user's own",
    "SHELL": "it is the user's own",
    "MODULEPATH": "module tools keep it themselves",
    "LOADEDMODULES": "module tools keep it themselves",
    "_LMFILES_": "module tools keep it themselves",
    "PROMPT_COMMAND": "every prompt would run it",
}
"""Variables that a stack may not set, with the reason."""


def check_root(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that the root is one plain absolute path that releases have room below."""
    root, expected = stack.root, "expected an absolute path such as /global/common/software/project/stack"
    if not os.path.isabs(root):
        yield ("root",), f'found "{root}", {expected}'
    elif not root.strip("/"):
        yield ("root",), f'found "{root}", expected a folder of its own'
    elif os.path.normpath(root) != root.rstrip("/") or root.startswith("//"):
        plain = os.path.normpath("/" + root.lstrip("/"))
        yield ("root",), f'found "{root}", expected it without detours: "{plain}"'
    elif _ODD.search(root):
        yield ("root",), f'found "{root}", expected a path without blanks and signs that shells heed'
    elif len(root) > _ROOM:
        yield ("root",), f"found {len(root)} characters, expected at most {_ROOM}"


def check_python(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that the Python is a version or an absolute path."""
    python = stack.python
    if python is not None and not (os.path.isabs(python) or re.fullmatch(r"\d+\.\d+(\.\d+)?", python)):
        yield ("python",), f'found "{python}", expected a version such as "3.11" or an absolute path'


def check_installer(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that an installer is a file or a safe address, and that nothing else makes the base."""
    if stack.installer is None:
        return
    file = stack.installer.file
    if "://" in file and not file.startswith("https://"):
        yield ("installer", "file"), f'found "{file}", expected a path or an https address'
    if stack.python is not None:
        yield ("python",), "goes with no installer, which brings a Python of its own"
    if stack.conda:
        yield (
            ("conda",),
            "goes with no installer: the packages that it brings are all that a release has of conda",
        )


def check_channels(_stack: Stack, data: Raw) -> Iterator[Finding]:
    """Check that no address of a channel holds a password: everybody reads a lock."""
    channels = data.get("channels", ())
    for number, text in enumerate(channels if isinstance(channels, list) else ()):
        if re.search(r"://[^/]*@|/t/[^/]+/", text):
            advice = (
                "everybody reads it and its lock; write the address without, and the password into ~/.netrc"
            )
            yield ("channels", number), f"holds a password, and {advice}"


def check_environment(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that no variable is set that breaks shells or programs."""
    for name, _ in stack.environment:
        reason = next((why for pattern, why in RESERVED.items() if fnmatchcase(name, pattern)), None)
        if reason is not None:
            yield ("environment", name), f"a stack may not set this: {reason}"


def check_mode(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that the owner can use what others may, and that not everybody may write."""
    if stack.share.mode is None:
        return
    granted = granted_by(stack.share.mode)
    if "w" in granted["o"]:
        yield ("share", "mode"), f'"{stack.share.mode}" lets everybody on the machine write to the stack'
    if not {"r", "w", "X"} <= set(granted["u"]):
        yield ("share", "mode"), f'"{stack.share.mode}" keeps the owner out, expected u=rwX in it'


def granted_by(mode: str) -> dict[str, str]:
    """Return what a symbolic mode gives to ``u``, ``g`` and ``o``; what is not named gets nothing."""
    granted = {"u": "", "g": "", "o": ""}
    for clause in mode.split(","):
        who, _, what = clause.partition("=")
        granted |= dict.fromkeys(who, what)
    return granted


def check_tests(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that tests can be told apart."""
    names = [test.name for test in stack.tests]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("tests", number, "name"), f'a test before this one is called "{name}" as well'


def check_neighbours(stack: Stack, _data: Raw) -> Iterator[Finding]:
    """Check that no other stack file of the folder has this name, or a root that is or holds this one."""
    for file, other in _neighbours(stack):
        if other.get("name") == stack.name:
            yield ("name",), f'{file} beside it declares a stack "{stack.name}" as well'
        theirs, ours = str(other.get("root", "")).rstrip("/"), stack.root.rstrip("/")
        if theirs == ours:
            yield ("root",), f"the stack of {file} beside it has this root as well"
        elif theirs and (f"{ours}/".startswith(f"{theirs}/") or f"{theirs}/".startswith(f"{ours}/")):
            yield ("root",), f"found {ours}, and {theirs} of {file} beside it: one lies within the other"


def _neighbours(stack: Stack) -> Iterator[tuple[str, Raw]]:
    """Yield the other stack files of the folder, as far as they can be read."""
    folder = os.path.dirname(stack.file)
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, file)
        if file.startswith(".") or not file.endswith((".yaml", ".yml")) or _same(path, stack.file):
            continue
        try:
            data = load_document(path).data
        except DocumentError:
            continue  # somebody else's file; whoever uses it will be told
        if "name" in data and "root" in data:
            yield file, data


def _same(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


CHECKS: tuple[Check, ...] = (
    check_root,
    check_python,
    check_installer,
    check_channels,
    check_requirements,
    check_environment,
    check_mode,
    check_tests,
    check_neighbours,
)
