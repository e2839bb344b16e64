"""Arguments of ``pybuild recipe``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, add_group, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "recipe", "look at and check recipes")
    command = add_command(inner, "list", "list every recipe", "data:recipe_list")
    command.add_argument("--long", action="store_true", help="with newest version and summary")
    place_options(command)
    command = add_command(
        inner, "show", "show a recipe: versions, options, what it needs", "data:recipe_show"
    )
    command.add_argument("name", metavar="NAME")
    place_options(command)
    command = add_command(inner, "lint", "check recipes (default: all) and sites", "data:recipe_lint")
    command.add_argument("names", nargs="*", metavar="NAME")
    place_options(command)
    _authoring(inner)
    _proving(inner)


def _proving(inner: Commands) -> None:
    command = add_command(
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
    place_options(command)
    command = add_command(
        inner, "debug", "open a shell where the last build of a recipe failed", "recipe_debug:recipe_debug"
    )
    command.add_argument("name", metavar="NAME")
    command.add_argument("-p", "--prefix", metavar="DIR", help="only builds for this prefix")
    command.add_argument("--command", metavar="WORDS", help="run this there instead of a shell")
    place_options(command)


def _authoring(inner: Commands) -> None:
    command = add_command(
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
    place_options(command)
    command = add_command(
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
    place_options(command)
