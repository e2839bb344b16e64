"""From parsed arguments to what the workflow takes."""

from __future__ import annotations

import os
import sys

from pybuild.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.load.places import Places
    from pybuild.model.request import Request
    from pybuild.report import Report
    from pybuild.workflow import Settings


def prefix_of(arguments: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Return the absolute path of the prefix that was named, or of the activated one.

    Raises:
        UsageError: neither is there.
    """
    named = arguments.prefix or environ.get("CONDA_PREFIX")
    if not named:
        raise UsageError(
            "no prefix is named and no conda environment is activated",
            hint="add --prefix DIR; it is made if it does not exist",
        )
    return os.path.abspath(os.path.expanduser(named))


def places_of(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Places:
    """Return the folders to use: the command line's before the configuration's before the defaults."""
    from dataclasses import replace

    from pybuild.load.places import find_places

    places = find_places(environ, arguments.recipes, arguments.sites)
    changes = {
        name: os.path.abspath(os.path.expanduser(value))
        for name in ("channel", "cache", "mirror")
        if (value := getattr(arguments, name, None))
    }
    return replace(places, **changes, offline=places.offline or arguments.offline)


def settings_of(
    arguments: argparse.Namespace, environ: Mapping[str, str], report: Report | None = None
) -> Settings:
    """Return the settings of one run."""
    import shlex

    from pybuild.report import Report
    from pybuild.workflow import Settings

    places = places_of(arguments, environ)
    return Settings(
        places=places,
        environ=environ,
        command=shlex.join(["pybuild", *sys.argv[1:]]),
        site=arguments.site or places.site,
        jobs=_jobs(getattr(arguments, "jobs", None), places.jobs),
        report=report or Report(),
    )


def _jobs(named: int | None, configured: int | None) -> int:
    """Return how many processes builds may use: as named, as configured, or as this process may use itself.

    Raises:
        UsageError: the number that is named lets nothing run.
    """
    if named is not None and named < 1:
        raise UsageError(f"--jobs: found {named}, expected 1 or more", hint="leave it out to use every core")
    return named or configured or len(os.sched_getaffinity(0))


def choice(text: str) -> tuple[str, str]:
    """Return ``("compiler", "intel")`` for ``compiler=intel``.

    Raises:
        UsageError: one of the two is missing.
    """
    virtual, equals, provider = text.partition("=")
    if not (virtual and equals and provider):
        raise UsageError(f"--use: found {text!r}, expected VIRTUAL=PROVIDER such as compiler=gnu")
    return virtual, provider


def request_of(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Request:
    """Return what the user asked for.

    Raises:
        UsageError: a spec that is none, the same package twice, or no prefix.
    """
    from pybuild.model.request import Request
    from pybuild.plan.specs import parse_spec

    specs = tuple(parse_spec(text) for text in arguments.specs)
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{name} is asked for more than once", hint="put all its conditions into one SPEC"
            )
    return Request(
        specs=specs,
        prefix=prefix_of(arguments, environ),
        python=arguments.python,
        verify=arguments.verify,
        rebuild=arguments.rebuild,
        target=arguments.target,
        providers=tuple(choice(text) for text in arguments.use),
    )
