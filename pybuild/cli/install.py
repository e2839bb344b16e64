"""``pybuild install`` and ``pybuild plan``."""

from __future__ import annotations

from pybuild.cli.settings import prefix_of, request_of, settings_of, written_file
from pybuild.cli.text import paint, put, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from pybuild.model.plan import Plan
    from pybuild.model.request import Request
    from pybuild.workflow import Settings


def plan(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the plan and stop there."""
    from dataclasses import replace

    from pybuild.workflow import prepare

    settings = settings_of(arguments, environ)
    output = written_file("--output", arguments.output) if arguments.output else None
    if not output:  # from a plan file builds are made
        settings = replace(settings, recall=True)
    made = prepare(request_of(arguments, environ), settings, acting=bool(output))
    if output:
        from pathlib import Path

        from pybuild.run.plan_file import PlanFile, write_plan_file

        write_plan_file(Path(output), PlanFile(plan=made, captures=tuple(settings.captures.values())))
    show(made, arguments, put)
    return 0


def install(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show the plan, ask, build what is missing, install it and verify it.

    Where nothing is to do, ``satisfied.answered`` has said so before this is called.
    """
    prefix_of(arguments, environ, made=True)  # that there is none is told before a wrong SPEC
    request = request_of(arguments, environ)
    return carried_out(arguments, environ, lambda settings: (request, settings))


def carried_out(
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    asked: Callable[[Settings], tuple[Request, Settings]],
) -> int:
    """Show the plan for what is asked, ask, carry it out here or by jobs, and verify it.

    Args:
        asked: called when no interrupted change of the prefix is left; the settings are those of the command
            line, and it may return others.
    """
    from pybuild.cli.progress import Screen
    from pybuild.commit import PrefixChangedError, finish_interrupted
    from pybuild.workflow import carry_out, prepare

    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        if not arguments.dry_run:
            finish_interrupted(prefix_of(arguments, environ), settings)
        request, settings = asked(settings)
        made = prepare(request, settings, acting=not arguments.dry_run)
        show(made, arguments, say if not arguments.dry_run else put)
        if arguments.dry_run:
            return 0
        confirm(made, arguments)
        if (arguments.on or arguments.submit) and not made.changes_nothing():
            from pybuild.cli.jobs import install_by_jobs

            return install_by_jobs(made, settings, screen, arguments)
        try:
            carry_out(made, settings)
        except PrefixChangedError as error:
            screen.note(f"{error.message}; looking again")
            made = prepare(request, settings)
            show(made, arguments, say)
            confirm(made, arguments)
            carry_out(made, settings)
        if request.upgrade and made.changes_nothing():
            return _told(made, (), arguments)
        levels = _proven(made, settings)
    return _told(made, levels, arguments)


def _proven(made: Plan, settings: Settings) -> tuple[tuple[str, str], ...]:
    from pathlib import Path

    from pybuild.commit import locked
    from pybuild.verification import verify

    with locked(Path(made.prefix), settings):
        return verify(Path(made.prefix), made.to_prove(), made.verify, settings)


def _told(made: Plan, levels: tuple[tuple[str, str], ...], arguments: argparse.Namespace) -> int:
    import json

    if arguments.json:
        put(json.dumps({"changed": not made.changes_nothing(), "levels": dict(levels)}))
        return 0
    asked = {package.name: package for package in made.packages if package.requested}
    for name, level in levels:
        if name in asked:
            say(f"{paint('done:', 'green')} {name} {asked[name].version} in {made.prefix}, verified: {level}")
    return 0


def show(made: Plan, arguments: argparse.Namespace, out: Callable[[str], None]) -> None:
    """Print a plan as text, or as data where that is asked for and goes to standard output."""
    from pybuild.cli.render import plan_json, plan_text

    if arguments.json and (out is put):
        put(plan_json(made))
    elif not arguments.json:
        out(plan_text(made, verbose=arguments.verbose))


def confirm(made: Plan | None, arguments: argparse.Namespace) -> None:
    """Ask whether to go ahead, unless ``-y`` says so or there is nothing to do.

    Raises:
        UsageError: there is nobody to ask.
        Interrupted: the answer is no.
    """
    if arguments.yes or (made is not None and made.changes_nothing()):
        return
    from pybuild.cli.question import demand_yes

    demand_yes("go ahead?", hint="add -y to accept the plan, or --dry-run to see it")
