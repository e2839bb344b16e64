"""Arguments of ``pybuild mirror``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, add_group, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "mirror", "gather everything that an installation needs, for --mirror DIR")
    command = add_command(
        inner, "create", "put sources, wheels and conda packages into one folder", "mirror:create"
    )
    command.add_argument("specs", nargs="*", metavar="SPEC", help="as for install")
    command.add_argument("--stack", metavar="FILE", help="what the lock of a stack file names, instead")
    command.add_argument("--to", metavar="DIR", required=True, help="the folder; what is right in it is kept")
    command.add_argument(
        "--python", metavar="VERSIONS", help="Pythons of the new prefixes: 3.9,3.11 (default: the newest)"
    )
    command.add_argument("--target", metavar="NAME", help="the site's target, instead of its first")
    command.add_argument(
        "--use", metavar="VIRTUAL=PROVIDER", action="append", default=[],
        help="a provider of the site, instead of its first: compiler=intel",
    )  # fmt: skip
    place_options(command)
