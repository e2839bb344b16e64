"""Arguments of ``install`` and ``upgrade``, and of the commands that only look at a plan."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, jobs_option, place_options, prefix_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands, Parser

USUAL = "mpi4py"
"""What ``explain`` plans where only variables are named."""


def add(commands: Commands) -> None:
    """Add the commands."""
    for name, text, run in (
        ("install", "plan, confirm, build, install, verify", "install:install"),
        ("plan", "show what install would do, and why", "install:plan"),
        ("script", "print a bash script that does the same without pybuild", "script:script"),
        ("explain", "say what put each part of a plan there, and why", "explain:explain"),
    ):
        command = add_command(commands, name, text, run)
        if name == "explain":
            text = f"as for install, or variables: only what touches CC; without a spec that of {USUAL}"
        else:
            text = "mpi4py, 'mpi4py>=4', 'mpi4py[exe]==3.0.0'"
        command.add_argument(
            "specs", nargs="+", metavar="SPEC|VARIABLE" if name == "explain" else "SPEC", help=text
        )
        prefix_option(command, must_exist=False)
        command.add_argument("--python", metavar="VERSION|PATH", help="Python of a new prefix")
        command.add_argument(
            "--rebuild", action="store_true", help="build what is asked for again, even if it is there"
        )
        _plan_options(command, "its first")
        if name in ("install", "plan"):
            _verbose(command)
        if name == "install":
            _run_options(command)
        if name == "plan":
            command.add_argument(
                "-o", "--output", metavar="FILE", help="also write the plan as a file for build"
            )
    command = add_command(
        commands, "upgrade", "bring what was installed to its newest release that goes", "upgrade:upgrade"
    )
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="default: everything that was asked for by name"
    )
    prefix_option(command)
    _plan_options(command, "that of the installation")
    _verbose(command)
    _run_options(command)


def _plan_options(command: Parser, usual: str) -> None:
    command.add_argument(
        "--verify", "--level", metavar="LEVEL", choices=("built", "linked", "imported", "ranked"),
        help="demand this level: built, linked, imported or ranked",
    )  # fmt: skip
    command.add_argument("--target", metavar="NAME", help=f"the site's target, instead of {usual}")
    command.add_argument(
        "--use", metavar="VIRTUAL=PROVIDER", action="append", default=[],
        help=f"a provider of the site, instead of {usual}: compiler=intel",
    )  # fmt: skip
    place_options(command)


def _verbose(command: Parser) -> None:
    command.add_argument("-v", "--verbose", action="store_true", help="show steps, environment and reasons")


def _run_options(command: Parser) -> None:
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument("-n", "--dry-run", action="store_true", help="stop after the plan")
    jobs_option(command)
    command.add_argument(
        "--on", choices=("slurm",), help="build in batch jobs, one for each package, and follow them"
    )
    command.add_argument("--submit", action="store_true", help="as --on slurm, and do not wait")
    command.add_argument(
        "--job-options", metavar="WORDS", help="for the command that takes jobs: --job-options='-A m1234'"
    )
