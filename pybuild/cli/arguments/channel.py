"""Arguments of ``pybuild channel``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, add_group, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands, Parser

_NAME = "mpi4py, mpi4py-4.1.2 or a whole file name (default: everything)"
_WHERE = "a directory, or the https address of a server"


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "channel", "share, sign, check and tidy the built packages")
    command = add_command(inner, "list", "list the packages of a channel", "channel:list_")
    command.add_argument("place", nargs="?", metavar="CHANNEL", help=f"{_WHERE} (default: one's own)")
    place_options(command)
    command = add_command(inner, "push", "copy packages from one's own channel to another", "channel:push")
    command.add_argument("names", nargs="*", metavar="NAME", help=_NAME)
    command.add_argument("--to", metavar="CHANNEL", required=True, help=_WHERE)
    place_options(command)
    command = add_command(inner, "pull", "copy packages from another channel to one's own", "channel:pull")
    command.add_argument("names", nargs="*", metavar="NAME", help=_NAME)
    command.add_argument("--from", metavar="CHANNEL", dest="source", required=True, help=_WHERE)
    command.add_argument(
        "--signers", metavar="FILE", help="demand a signature by one of these (allowed_signers)"
    )
    place_options(command)
    command = add_command(
        inner, "sign", "vouch for what the channel holds now, with an SSH key", "channel:sign"
    )
    command.add_argument("--key", metavar="FILE", help="private key, or public key of one in the agent "
                         "(default: ~/.ssh/id_ed25519)")  # fmt: skip
    command.add_argument("--days", metavar="N", type=int, default=90, help="how long it counts (default: 90)")
    place_options(command)
    command = add_command(
        inner, "verify", "compare every file with its hash, name what is stray", "channel:verify"
    )
    command.add_argument("place", nargs="?", metavar="DIR", help="default: one's own channel")
    command.add_argument("--signers", metavar="FILE", help="and the signature with these (allowed_signers)")
    place_options(command)
    _prune(add_command(inner, "prune", "remove packages that no known prefix uses", "channel:prune"))


def _prune(command: Parser) -> None:
    command.add_argument("--older-than", metavar="DAYS", type=float, help="only those that are older")
    command.add_argument(
        "--keep-size", metavar="SIZE", help="the oldest, until no more than this is left: 20G"
    )
    command.add_argument(
        "--used-by", metavar="DIR", action="append", default=[],
        help="a prefix that uses the channel, besides those that were noted",
    )  # fmt: skip
    command.add_argument(
        "--used-below",
        metavar="DIR",
        action="append",
        default=[],
        help="a folder of such prefixes: a stack's root",
    )
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    place_options(command)
