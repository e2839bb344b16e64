"""Arguments of ``pybuild site``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, add_group, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "site", "look at, check and draft what pybuild knows about machines")
    command = add_command(inner, "list", "list every site", "site:site_list")
    place_options(command)
    command = add_command(inner, "show", "show a site (default: the one detected here)", "site:site_show")
    command.add_argument("name", nargs="?", metavar="NAME")
    place_options(command)
    command = add_command(inner, "detect", "say which site this machine is, and why", "site:site_detect")
    place_options(command)
    command = add_command(
        inner, "lint", "check sites (default: all) and say what to look at again", "site:site_lint"
    )
    command.add_argument("names", nargs="*", metavar="NAME")
    place_options(command)
    command = add_command(
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
    place_options(command)
    command = add_command(
        inner, "probe", "draft a site file from what is loaded in this shell", "site:site_probe"
    )
    command.add_argument("--name", metavar="NAME", help="name of the site (default: from the host name)")
    place_options(command)
