"""The command line: every command, its options and its one-line help."""

from __future__ import annotations

import argparse

from pybuild import __version__
from pybuild.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    Command = Callable[[argparse.Namespace, Mapping[str, str]], int]

_EPILOG = """\
start here:
  pybuild install mpi4py --prefix myenv     build mpi4py for this machine, into the conda prefix myenv
  pybuild plan mpi4py --prefix myenv        only show what that would do
  pybuild list --prefix myenv               what was installed, and how far it is proven
"""


class _Parser(argparse.ArgumentParser):
    """Reports mistakes the way every other error is reported."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message[:1].lower() + message[1:], hint=f"{self.prog} --help")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; ``run`` is the command's function.

    Raises:
        UsageError: no such command or option, or a missing argument.
    """
    parser = _Parser(
        prog="pybuild",
        description="Build HPC Python packages from source, for this site, into a conda prefix.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pybuild {__version__}")
    # Naming prog keeps argparse from formatting a usage line now, for which it would import shutil.
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="pybuild")
    _install_commands(commands)
    _prefix_commands(commands)
    _data_commands(commands)
    _site_commands(commands)
    _env_commands(commands)
    return parser.parse_args(argv)


def _install_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    for name, text, run in (
        ("install", "plan, confirm, build, install, verify", "install:install"),
        ("plan", "show what install would do, and why", "install:plan"),
        ("script", "print a bash script that does the same without pybuild", "script:script"),
        ("explain", "say what put each part of a plan there, and why", "explain:explain"),
    ):
        command = _add(commands, name, text, run)
        command.add_argument(
            "specs", nargs="+", metavar="SPEC", help="mpi4py, 'mpi4py>=4', 'mpi4py[exe]==3.0.0'"
        )
        _prefix_option(command, must_exist=False)
        command.add_argument("--python", metavar="VERSION|PATH", help="Python of a new prefix")
        command.add_argument(
            "--rebuild", action="store_true", help="build what is asked for again, even if it is there"
        )
        command.add_argument("--verify", metavar="LEVEL", choices=("built", "linked", "imported", "ranked"),
                             help="demand this level: built, linked, imported or ranked")  # fmt: skip
        command.add_argument("--target", metavar="NAME", help="the site's target, instead of its first")
        command.add_argument(
            "--use", metavar="VIRTUAL=PROVIDER", action="append", default=[],
            help="a provider of the site, instead of its first: compiler=intel",
        )  # fmt: skip
        _place_options(command)
        if name == "install":
            command.add_argument("-y", "--yes", action="store_true", help="do not ask")
            command.add_argument("-n", "--dry-run", action="store_true", help="stop after the plan")
            command.add_argument("-j", "--jobs", type=int, metavar="N", help="processes that a build may use")
        command.add_argument(
            "-v", "--verbose", action="store_true", help="show steps, environment and reasons"
        )


def _prefix_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    command = _add(commands, "list", "list what pybuild installed, and how far it is proven", "prefix:list_")
    _prefix_option(command)
    command = _add(commands, "info", "show everything known about an installed package", "prefix:info")
    command.add_argument("name", metavar="NAME")
    _prefix_option(command)
    command = _add(commands, "log", "print the build log of an installed package", "prefix:log")
    command.add_argument("name", metavar="NAME")
    _prefix_option(command)
    command = _add(commands, "verify", "prove installed packages, as far as their checks go", "prefix:verify")
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="default: everything that pybuild installed"
    )
    command.add_argument(
        "--level", choices=("linked", "imported", "ranked"), help="default: the highest possible"
    )
    command.add_argument(
        "--on", choices=("compute",), help="wait for nodes and start the ranks there, from a login node"
    )
    command.add_argument("--submit", action="store_true", help="leave it to a batch job and do not wait")
    command.add_argument(
        "--job-options", metavar="WORDS", help="for the command that asks for nodes: --job-options='-A m1234'"
    )
    command.add_argument("--job", metavar="DIR", help=argparse.SUPPRESS)
    _prefix_option(command)
    _place_options(command)
    command = _add(commands, "uninstall", "remove packages that pybuild installed", "prefix:uninstall")
    command.add_argument("names", nargs="+", metavar="NAME")
    _prefix_option(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    _place_options(command)
    command = _add(commands, "doctor", "explain the failures in a job's output", "doctor:doctor")
    command.add_argument("output", metavar="JOB-OUTPUT", help="the file that the job wrote, or - for stdin")
    command.add_argument("--node", choices=("login", "compute"), help="where it ran; default: either")
    _place_options(command)


def _data_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    command = _add(
        commands, "search", "find a package: recipes, then conda channels, then the index", "search:search"
    )
    command.add_argument("name", metavar="NAME", help="a package's name, or words of a recipe's summary")
    command.add_argument("--offline", action="store_true", help="look at recipes only")
    _place_options(command)
    recipe = commands.add_parser("recipe", help="look at and check recipes")
    inner = recipe.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="pybuild recipe")
    command = _add(inner, "list", "list every recipe", "data:recipe_list")
    command.add_argument("--long", action="store_true", help="with newest version and summary")
    _place_options(command)
    command = _add(inner, "show", "show a recipe: versions, options, what it needs", "data:recipe_show")
    command.add_argument("name", metavar="NAME")
    _place_options(command)
    command = _add(inner, "lint", "check recipes (default: all) and sites", "data:recipe_lint")
    command.add_argument("names", nargs="*", metavar="NAME")
    _place_options(command)
    _authoring_commands(inner)
    _proving_commands(inner)


def _proving_commands(inner: argparse._SubParsersAction[_Parser]) -> None:
    command = _add(
        inner, "test", "build recipes in throw-away prefixes and verify them", "recipe_test:recipe_test"
    )
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument(
        "--python", metavar="VERSIONS", help="one run for each: 3.9,3.11 (default: the newest that fits)"
    )
    command.add_argument(
        "--option",
        metavar="NAME",
        action="append",
        default=[],
        help="an option of the recipe, as in NAME[exe]",
    )
    command.add_argument("--version", metavar="VERSION", help="this release (default: the newest that fits)")
    command.add_argument("--target", metavar="NAME", help="the site's target, instead of its first")
    command.add_argument(
        "--use", metavar="VIRTUAL=PROVIDER", action="append", default=[],
        help="a provider of the site, instead of its first: compiler=intel",
    )  # fmt: skip
    command.add_argument("--box", action="store_true", help="in an imitation of the site on this machine")
    command.add_argument(
        "--record", action="store_true", help="write what was proven beside the recipe, into proof.yaml"
    )
    command.add_argument(
        "--installed", metavar="DIR", help="build nothing: verify what this prefix has of the recipes"
    )
    command.add_argument("--keep", action="store_true", help="keep the prefixes; that of a failed run stays")
    command.add_argument("-j", "--jobs", type=int, metavar="N", help="processes that a build may use")
    command.add_argument("-v", "--verbose", action="store_true", help="show what the builds print")
    _place_options(command)
    command = _add(
        inner, "debug", "open a shell where the last build of a recipe failed", "recipe_debug:recipe_debug"
    )
    command.add_argument("name", metavar="NAME")
    command.add_argument("-p", "--prefix", metavar="DIR", help="only builds for this prefix")
    command.add_argument("--command", metavar="WORDS", help="run this there instead of a shell")
    _place_options(command)


def _authoring_commands(inner: argparse._SubParsersAction[_Parser]) -> None:
    command = _add(
        inner, "new", "draft a recipe from the package index or an address", "recipe_new:recipe_new"
    )
    command.add_argument("what", metavar="NAME|URL", help="mpi4py, or https://example.org/name-1.2.tar.gz")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--wheel", action="store_true", help="take wheels of the index instead of building")
    form.add_argument("--source", action="store_true", help="build it, even if a wheel serves every machine")
    command.add_argument(
        "--needs", action="store_true", help="also draft what it needs and has no recipe, as wheels where fit"
    )
    command.add_argument(
        "--versions", metavar="N", dest="count", type=int, default=3, help="how many versions (default: 3)"
    )
    _place_options(command)
    command = _add(
        inner, "checksum", "compare hashes with the package index, or add versions with theirs",
        "recipe_checksum:recipe_checksum",
    )  # fmt: skip
    command.add_argument("names", nargs="*", metavar="NAME", help="default: every recipe")
    command.add_argument("--download", action="store_true", help="fetch the files and hash their bytes, too")
    command.add_argument(
        "--touched", action="store_true", help="only recipes that differ from --against, to check a change"
    )
    command.add_argument("--against", metavar="REF", default="main", help="for --touched (default: main)")
    command.add_argument("--add", metavar="VERSION", action="append", default=[], help="add this version")
    command.add_argument("--new", action="store_true", help="add every version that is newer than the newest")
    _place_options(command)


def _site_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    site = commands.add_parser("site", help="look at, check and draft what pybuild knows about machines")
    inner = site.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="pybuild site")
    command = _add(inner, "list", "list every site", "site:site_list")
    _place_options(command)
    command = _add(inner, "show", "show a site (default: the one detected here)", "site:site_show")
    command.add_argument("name", nargs="?", metavar="NAME")
    _place_options(command)
    command = _add(inner, "detect", "say which site this machine is, and why", "site:site_detect")
    _place_options(command)
    command = _add(
        inner, "lint", "check sites (default: all) and say what to look at again", "site:site_lint"
    )
    command.add_argument("names", nargs="*", metavar="NAME")
    _place_options(command)
    command = _add(
        inner,
        "test",
        "try a site's module operations on this machine, or in an imitation",
        "site_test:site_test",
    )
    command.add_argument("name", nargs="?", metavar="NAME", help="default: the site detected here")
    command.add_argument(
        "--simulate",
        action="store_true",
        help="make modules and compilers like the site's here, and try those",
    )
    command.add_argument(
        "--box", metavar="DIR", help="make the imitation in this new folder and leave it there"
    )
    command.add_argument("--tool", choices=("tcl", "lmod"), help="module tool of the imitation")
    _place_options(command)
    command = _add(inner, "probe", "draft a site file from what is loaded in this shell", "site:site_probe")
    command.add_argument("--name", metavar="NAME", help="name of the site (default: from the host name)")
    _place_options(command)


def _env_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    env = commands.add_parser("env", help="run what is installed: commands for a shell, or a modulefile")
    inner = env.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="pybuild env")
    command = _add(inner, "activate", "print commands that a shell evaluates", "env:activate")
    _prefix_option(command)
    command.add_argument(
        "--shell", metavar="NAME", help="bash, zsh, sh, csh, tcsh or fish (default: from $SHELL)"
    )
    command = _add(inner, "modulefile", "print a modulefile that does the same", "env:modulefile")
    _prefix_option(command)
    command.add_argument(
        "--format", metavar="FORM", default="tcl", help="tcl (Environment Modules) or lua (Lmod)"
    )


def _add(commands: argparse._SubParsersAction[_Parser], name: str, text: str, run: str) -> _Parser:
    command = commands.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    command.add_argument("--json", action="store_true", help="print data for programs")
    command.set_defaults(run=_later(run))
    return command


def _later(place: str) -> Command:
    """Return a function that imports its module only when it is called: a command loads what it needs."""
    module, name = place.split(":")

    def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
        from importlib import import_module

        return int(getattr(import_module(f"pybuild.cli.{module}"), name)(arguments, environ))

    return run


def _prefix_option(command: _Parser, *, must_exist: bool = True) -> None:
    text = "the conda prefix" if must_exist else "the conda prefix; made if it does not exist"
    command.add_argument("-p", "--prefix", metavar="DIR", help=f"{text} (default: $CONDA_PREFIX)")


def _place_options(command: _Parser) -> None:
    command.add_argument("--site", metavar="NAME", help="the site, instead of detecting it")
    command.add_argument(
        "--recipes", metavar="DIR", action="append", default=[], help="more recipes, looked at first"
    )
    command.add_argument(
        "--sites", metavar="DIR", action="append", default=[], help="more sites, looked at first"
    )
    command.add_argument("--channel", metavar="DIR", help="conda channel for built packages")
    command.add_argument("--cache", metavar="DIR", help="folder for sources, stages and logs")
