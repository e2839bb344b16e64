"""The architecture, held by reading the source: who may import whom, and who may touch the outside.

The tables below are the design. A change that breaks one of these tests is a change of the design:
make it in the table first, with the reason.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pybuild.process import capture

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "pybuild"

MAY_IMPORT: dict[str, set[str]] = {
    # the ground: records and errors know nothing, what stands on them knows only them
    "model": set(),
    "errors": set(),
    "process": {"errors", "model"},
    "report": {"errors", "model"},
    "locks": {"errors", "model", "files"},
    "files": {"errors", "model"},
    # files in the cache that answer again what was found before
    "remembered": {"files", "version"},
    # records that were written as JSON, read back alike by whoever keeps some
    "structured": set(),
    "conda": {"errors", "model", "files"},
    "runpath": {"errors", "process"},
    # the pure middle
    "plan": {"model", "errors"},
    # reading what is there
    "load": {"model", "errors", "process", "files", "interpreter", "conda", "modules", "remembered"},
    # what an interpreter is, is remembered in the cache
    "interpreter": {"model", "errors", "process", "runpath", "remembered"},
    "modules": {"model", "errors", "process", "files", "version"},
    # with files whose modes are not the umask's, for a mirror that a group fills
    "fetch": {"model", "errors", "process", "files", "version"},
    # effects
    # with the texts of its scripts, so that a killed transaction is finished with them
    "prefix": {"model", "errors", "conda", "files", "plan", "structured"},
    "verify": {"model", "errors", "process", "plan"},
    "build": {
        "model", "errors", "process", "locks", "conda", "channel", "plan", "fetch", "interpreter", "verify",
        "prefix", "runpath", "version", "files",
    },
    # indexes, signatures and copies of channels
    "channel": {"model", "errors", "locks", "files", "process"},
    # imitates a machine; sites come in as records, module tools as a function
    "box": {"model", "errors", "process", "runpath", "plan"},
    # drafts recipes, and keeps their hashes
    "authoring": {"model", "errors", "process", "files", "load", "fetch", "plan"},
    # the run, and what the user sees of it
    "settings": {"model", "report", "load"},
    "sources": {"model", "errors", "fetch", "conda", "settings"},
    "sharing": {"model", "errors", "channel", "fetch", "settings"},
    "mirroring": {"model", "errors", "locks", "fetch", "channel", "settings", "sources"},
    "commit": {"model", "errors", "locks", "prefix", "verify", "settings"},
    # one run's plan file, order, budget and records; starts nothing itself
    "run": {"model", "errors", "files", "structured", "version"},
    "captures": {"model", "modules", "settings"},
    "ready": {"model", "errors", "channel", "run", "settings", "sources"},
    "building": {
        "model", "errors", "process", "build", "run", "settings", "sources", "version", "captures", "ready",
        "holdings",  # what a job takes from a channel is in use while it runs
    },
    "holdings": {"model", "errors", "locks", "channel", "load", "plan", "settings"},
    # what acts is imported when something is carried out: a plan loads none of it
    "workflow": {
        "model", "errors", "channel", "load", "plan", "prefix",
        "settings", "sources", "commit", "building", "captures", "holdings",
    },
    # a new prefix by an installer of conda's
    "base": {"model", "errors", "process", "prefix", "fetch", "settings", "commit"},
    # what a collaboration locks, and the plan of a release made from it
    "locking": {
        "model", "errors", "load", "plan", "conda", "fetch", "channel", "base", "settings", "sources",
        "workflow", "release", "commit",
    },
    "lookup": {"model", "errors", "load", "fetch", "conda"},
    # what is wrong with a shell and a prefix: looks at what all the others wrote, and changes nothing
    "checkup": {
        "model", "errors", "process", "locks", "load", "plan", "prefix", "verify", "settings", "captures",
        "here",
    },
    # where verification runs, then the verification of packages there and on other nodes
    "here": {"model", "errors", "load", "prefix", "verify", "settings"},
    "verification": {"model", "errors", "captures", "here", "plan", "prefix", "verify", "settings"},
    "elsewhere": {
        "model", "errors", "here", "prefix", "verification", "verify", "settings", "building",
    },
    # builds as jobs of a batch system
    "batch": {
        "model", "errors", "process", "locks", "run", "building", "ready", "elsewhere", "sources", "settings",
        "commit", "verify", "verification", "workflow", "holdings",
        "prefix",  # only reads: a job that begins anew may have installed before
    },
    # below a stack's root; what is installed there and proven comes from the runs above
    "release": {"model", "errors", "process", "locks", "files", "plan", "prefix", "structured"},
    "acceptance": {
        "model", "errors", "here", "load", "plan", "prefix", "process", "verify", "verification", "elsewhere",
        "settings", "commit",
    },
    "deployment": {
        "model", "errors", "load", "files", "release", "acceptance", "settings", "workflow", "locking",
    },
    "upkeep": {"model", "errors", "load", "release", "settings"},
    "status": {"model", "errors", "release", "settings", "upkeep", "locking"},
    "cli": {
        "model", "errors", "report", "load", "plan", "prefix", "workflow", "verification", "elsewhere",
        "verify", "version", "lookup", "box", "modules", "authoring", "build", "process", "mirroring",
        "locking", "base", "building", "run", "deployment", "upkeep", "status", "release",
        "batch", "settings",
        "sharing", "channel", "checkup", "commit", "sources",
    },
    "__main__": {"cli"},
    "version": set(),
}  # fmt: skip
"""Part (a file or folder of ``pybuild/``) -> parts it may import besides itself.
"""

TIGHT: dict[tuple[str, str], set[str]] = {
    ("build", "prefix"): {"prefix.installed"},
    ("locking", "release"): {"release.layout"},
    ("prefix", "plan"): {"plan.prefix_scripts", "plan.running"},
    ("checkup", "verify"): {"verify.levels"},
    ("checkup", "here"): {"here.ways"},
    ("cli", "checkup"): {"checkup.examine"},
    ("box", "plan"): {"plan.modules", "plan.rules"},
    ("authoring", "plan"): {"plan.downloads"},
    ("verify", "plan"): {"plan.templates"},
    ("build", "plan"): {"plan.environment", "plan.templates"},
    ("batch", "prefix"): {"prefix.state"},
    ("release", "plan"): {"plan.stack_scripts"},
    ("cli", "verify"): {"verify.failures", "verify.harness"},
    ("cli", "build"): {"build.kept", "build.log", "build.stages"},
    ("cli", "channel"): {"channel.inspection", "channel.pruning", "channel.transfer"},
    ("cli", "box"): {"box.make", "box.operations", "box.records"},
    ("cli", "modules"): {"modules.capture"},
    ("cli", "plan"): {
        "plan.specs",
        "plan.script",
        "plan.explain",
        "plan.running",
        "plan.activation",
        "plan.modulefile",
        "plan.prefix_scripts",
        "plan.stack_difference",
    },
}
"""Where a part may use only some files of another."""

PURE = {"plan": {"os", "subprocess", "shutil", "tempfile", "time", "socket", "pathlib", "datetime", "random",
                 "platform", "glob", "sys", "uuid", "secrets", "urllib", "asyncio", "threading"},
        "model": {"os", "subprocess", "shutil", "tempfile", "time", "socket", "pathlib", "datetime", "random",
                  "platform", "glob", "sys"}}  # fmt: skip
"""Modules with a disk, a process, a clock or a network behind them, by the part that must do without."""

ONLY_IN: dict[str, set[str]] = {
    "subprocess": {"process.py"},
    "rattler": {"conda/"},
    "resolvelib": {"plan/search.py"},
    "requests": {"fetch/"},
    "urllib3": {"fetch/"},
    "rich": {"cli/"},
    "argparse": {"cli/"},
    "argcomplete": {"cli/completion.py"},
    "elftools": {"verify/", "runpath.py"},
    "yaml": {"load/"},
    "jsonschema": {"load/"},
    "flufl": {"locks.py"},
    "fcntl": {"locks.py"},
    "asyncio": {"conda/"},
    "installer": {"build/wheels.py"},
    "conda_package_streaming": {"build/conda_package.py", "prefix/contents.py", "channel/repodata.py"},
    "multiprocessing": set(),
    "pty": set(),
}
"""Module -> the only files or folders that import it."""

GUESTS = {
    "verify/pybuild_ranks.py": {"__future__", "contextlib", "json", "os", "shutil", "sys", "tempfile", "time",
                                "mpi4py"},
    "verify/pybuild_library.py": {"ctypes", "json", "os", "sys", "pybuild_ranks"},
}  # fmt: skip
"""Files that run under a prefix's Python and never here -> all that they may import.

They are copied beside test scripts, so they print, read the environment and know nothing of pybuild.
"""

READS_THE_ENVIRONMENT = {"cli/", "__main__.py"}

STARTERS = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"}
HOSTS = ("pypi" + ".org", "python" + "hosted" + ".org")


class Import(NamedTuple):
    """One import statement of a file."""

    file: str
    line: int
    module: str


@functools.cache
def files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if relative(path) not in GUESTS)


def with_guests() -> list[Path]:
    return [*files(), *(SOURCE / name for name in GUESTS)]


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@functools.cache
def imports(path: Path) -> tuple[Import, ...]:
    """Return every import of a file, also those inside functions; ``from a import b`` as ``a.b``."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(relative(path), node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            for name in node.names:
                yield Import(relative(path), node.lineno, f"{node.module}.{name.name}")


def part(module: str) -> str:
    """Return the part of ours that a module belongs to: ``pybuild.plan.key`` is in ``plan``."""
    name = module.removeprefix("pybuild").strip(".").split(".")[0]
    return name if name in MAY_IMPORT else "version"


def own_part(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "version" if first == "__init__" else first


def inside(file: str, places: set[str]) -> bool:
    return any(file == place or (place.endswith("/") and file.startswith(place)) for place in places)


def test_every_part_stands_in_the_table() -> None:
    """A new folder or file at the top must first find its place in the design."""
    assert {own_part(path) for path in files()} == set(MAY_IMPORT)


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_part_imports_only_what_the_design_lets_it(name: str) -> None:
    """Including imports inside functions and those for type checking."""
    wrong = [
        f"{file}:{line}: {name} must not import {module}"
        for path in files()
        if own_part(path) == name
        for file, line, module in imports(path)
        if module.split(".")[0] == "pybuild" and part(module) not in MAY_IMPORT[name] | {name}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("user", "used"), TIGHT)
def test_a_part_uses_only_some_files_of_another(user: str, used: str) -> None:
    """Where two parts touch in one place, it stays that place."""
    wrong = [
        f"{file}:{line}: {user} may use only {', '.join(TIGHT[user, used])}, found {module}"
        for path in files()
        if own_part(path) == user
        for file, line, module in imports(path)
        if module.startswith(f"pybuild.{used}.")
        and not any(f"{module}.".startswith(f"pybuild.{one}.") for one in TIGHT[user, used])
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_imports_little_and_is_imported_by_nobody(name: str) -> None:
    """What is copied into packages needs the standard library and mpi4py only, and is text to pybuild."""
    assert {found.split(".")[0] for _, _, found in imports(SOURCE / name)} == GUESTS[name]
    stem = Path(name).stem
    assert not [found for path in files() for found in imports(path) if stem in found.module]


def test_no_permission_is_unused() -> None:
    """What the table allows and nobody uses is a door left open."""
    used = {
        (own_part(p), part(i.module)) for p in files() for i in imports(p) if i.module.startswith("pybuild")
    }
    # every part but the records may use errors and records, whether or not it needs them today
    ground = {"errors", "model"}
    open_doors = {(a, b) for a, allowed in MAY_IMPORT.items() for b in allowed - ground} - used
    assert not open_doors, sorted(open_doors)


@pytest.mark.parametrize("name", PURE)
def test_the_pure_parts_touch_nothing(name: str) -> None:
    """No disk, no process, no clock, no chance: a plan is a value."""
    wrong = [
        f"{file}:{line}: {module}"
        for path in files()
        if own_part(path) == name
        for file, line, module in imports(path)
        if module.split(".")[0] in PURE[name]
    ]
    wrong += [
        f"{relative(path)}:{node.lineno}: {node.func.id}()"
        for path in files()
        if own_part(path) == name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("open", "input", "id", "hash")
    ]  # fmt: skip
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ONLY_IN)
def test_a_library_is_imported_in_its_place_only(module: str) -> None:
    """One file that starts processes, one that talks to conda's engine, one folder with the network."""
    wrong = [
        f"{file}:{line}: imports {found}"
        for path in files()
        for file, line, found in imports(path)
        if found.split(".")[0] == module and not inside(file, ONLY_IN[module])
    ]
    assert not wrong, "\n".join(wrong)


def test_no_process_is_started_behind_the_one_file_that_may() -> None:
    """Neither ``os.system`` nor ``os.popen`` nor the exec and spawn families, anywhere else."""
    wrong = [
        f"{relative(path)}:{node.lineno}: os.{node.attr}"
        for path in files()
        if relative(path) != "process.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and (node.attr in STARTERS or node.attr.startswith(("exec", "spawn")))
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints() -> None:
    """``print`` and the standard streams are named in ``cli/`` and ``__main__.py`` alone."""
    wrong = [
        f"{relative(path)}:{node.lineno}"
        for path in files()
        if own_part(path) not in ("cli", "__main__")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id == "print")
        or (
            isinstance(node, ast.Attribute)
            and node.attr in ("stdout", "stderr", "stdin", "__stdout__", "__stderr__")
            and isinstance(node.value, ast.Name)
            and node.value.id == "sys"
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_the_environment_is_read_in_few_places() -> None:
    """The user's environment is passed down as a mapping; nothing else looks behind the caller's back."""
    wrong = [
        f"{relative(path)}:{node.lineno}: os.{node.attr}"
        for path in files()
        if not inside(relative(path), READS_THE_ENVIRONMENT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in ("environ", "environb", "getenv", "putenv")
    ]
    assert not wrong, "\n".join(wrong)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_function_is_longer_than_sixty_lines() -> None:
    """What does not fit on a screen is not read."""
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in with_guests()
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > 60
    ]
    assert not wrong, "\n".join(wrong)


def test_everything_public_says_what_it_is_for() -> None:
    """Modules, classes and functions whose names do not begin with an underscore have a docstring."""
    wrong = []
    for path in with_guests():
        module = tree(path)
        if ast.get_docstring(module) is None:
            wrong.append(f"{relative(path)}: the module has no docstring")
        wrong += [
            f"{relative(path)}:{node.lineno}: {node.name} has no docstring"
            for node in public(module)
            if ast.get_docstring(node) is None
        ]
    assert not wrong, "\n".join(wrong)


def public(
    node: ast.Module | ast.ClassDef,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield what is public in a module, methods of public classes included."""
    for child in node.body:
        if isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


def test_no_index_host_is_named_anywhere() -> None:
    """The package index is what pip is configured for; no file here knows another name for it."""
    pattern = "|".join(re.escape(host) for host in HOSTS)
    environment = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
                   "GIT_CONFIG_VALUE_0": "*"}  # fmt: skip
    argv = ("git", "grep", "--untracked", "-I", "-n", "-i", "-E", pattern)
    done = capture(argv, env=environment, cwd=str(ROOT))
    assert done.code in (0, 1), done.err
    assert done.out == ""


def test_every_folder_of_tests_is_collected(pytestconfig: pytest.Config) -> None:
    """Left to itself pytest passes over folders named ``build`` or ``dist``, and nobody notices."""
    patterns = pytestconfig.getini("norecursedirs")
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    wrong = [str(f) for f in folders if any(fnmatch.fnmatch(name, p) for name in f.parts for p in patterns)]
    assert not wrong, wrong
