"""From parsed arguments to what the workflow takes."""

from __future__ import annotations

import os
import sys

from pybuild.cli.plain import absolute
from pybuild.errors import PrefixError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pybuild.load.places import Places
    from pybuild.model.request import Request
    from pybuild.report import Report
    from pybuild.workflow import Settings


def prefix_of(arguments: argparse.Namespace, environ: Mapping[str, str], *, made: bool = False) -> str:
    """Return the absolute path of the prefix that was named, or of the activated one.

    Args:
        made: the command makes one where there is none.

    Raises:
        UsageError: neither is there.
    """
    named = arguments.prefix or environ.get("CONDA_PREFIX")
    if not named:
        raise UsageError(
            "no prefix is named and no conda environment is activated",
            hint="add --prefix DIR" + ("; it is made if it does not exist" if made else ""),
        )
    return absolute(named)


def existing_prefix(arguments: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Return the absolute path of the conda prefix that was named, or of the activated one.

    Raises:
        UsageError: neither is there.
        PrefixError: what was named is no prefix.
    """
    prefix = prefix_of(arguments, environ)
    demand_prefix(prefix)
    return prefix


def demand_prefix(prefix: str) -> None:
    """Check that a path is that of a conda prefix.

    Raises:
        PrefixError: it is not.
    """
    if os.path.exists(os.path.join(prefix, "conda-meta", "history")):
        return
    why = "is no conda prefix (it has no conda-meta/history)"
    raise PrefixError(
        f"{prefix}: {why if os.path.lexists(prefix) else 'there is no such prefix'}",
        hint=f"pybuild install mpi4py -p {prefix} makes one",
    )


def places_of(
    arguments: argparse.Namespace, environ: Mapping[str, str], *, made: str | None = None
) -> Places:
    """Return the folders to use: the command line's before the configuration's before the defaults.

    Args:
        made: path of a folder that the command makes where it is missing.

    Raises:
        UsageError: a folder that is named on the command line, and only read, does not exist.
    """
    from dataclasses import replace

    from pybuild.load.places import find_places

    def folders(option: str, named: Sequence[str]) -> list[str]:
        return [path if (path := absolute(text)) == made else existing_folder(option, text) for text in named]

    places = find_places(
        environ, folders("--recipes", arguments.recipes), folders("--sites", arguments.sites)
    )
    return replace(
        places,
        channel=absolute(arguments.channel) if arguments.channel else places.channel,
        cache=absolute(arguments.cache) if arguments.cache else places.cache,
        mirror=existing_folder("--mirror", arguments.mirror) if arguments.mirror else places.mirror,
        offline=places.offline or arguments.offline,
    )


def existing_folder(option: str, text: str) -> str:
    """Return the absolute path of a folder that an option names.

    Raises:
        UsageError: there is none.
    """
    path = absolute(text)
    if not os.path.isdir(path):
        what = "is no folder" if os.path.lexists(path) else "there is no such folder"
        raise UsageError(f"{option} {text}: {what}", hint=f"name one that is there, or leave {option} out")
    return path


def named_file(what: str, text: str) -> str:
    """Return the absolute path of a file that the command line names.

    Args:
        what: option or kind of file, for the message.

    Raises:
        UsageError: there is none.
    """
    path = absolute(text)
    if not os.path.exists(path) or os.path.isdir(path):
        why = "is a folder" if os.path.isdir(path) else "there is no such file"
        raise UsageError(f"{what} {text}: {why}")
    return path


def written_file(option: str, text: str) -> str:
    """Return the absolute path of a file that a command shall write.

    Raises:
        UsageError: its folder does not exist, or it is itself a folder.
    """
    path = absolute(text)
    if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path)):
        why = "is a folder" if os.path.isdir(path) else "its folder does not exist"
        raise UsageError(f"{option} {text}: {why}")
    return path


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


def job_options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """Return the words of ``--job-options``.

    Raises:
        UsageError: a quote is open, or nothing asks for jobs or nodes.
    """
    if not arguments.job_options:
        return ()
    if not (arguments.on or getattr(arguments, "submit", False)):
        which = "--on or --submit" if hasattr(arguments, "submit") else "--on compute"
        raise UsageError(
            "--job-options is for asking for jobs or nodes, and nothing does",
            hint=f"add {which}, or leave --job-options out",
        )
    import shlex

    try:
        return tuple(shlex.split(arguments.job_options))
    except ValueError as error:
        raise UsageError(
            f"--job-options: {str(error).lower()}: {arguments.job_options}", hint="--job-options='-A m1234'"
        ) from error


def choice(text: str) -> tuple[str, str]:
    """Return ``("compiler", "intel")`` for ``compiler=intel``.

    Raises:
        UsageError: one of the two is missing.
    """
    virtual, equals, provider = text.partition("=")
    if not (virtual and equals and provider):
        raise UsageError(f"--use: found {text!r}, expected VIRTUAL=PROVIDER such as compiler=gnu")
    return virtual, provider


def demand_python(text: str | None) -> None:
    """Check that a Python that is named by its path is there.

    Raises:
        UsageError: it is not.
    """
    if text and "/" in text:
        named_file("--python", text)


def request_of(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Request:
    """Return what the user asked for.

    Raises:
        UsageError: a spec that is none, the same package twice, or no prefix.
    """
    from pybuild.model.request import Request
    from pybuild.plan.specs import parse_spec

    demand_python(arguments.python)
    specs = tuple(parse_spec(text) for text in arguments.specs)
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{name} is asked for more than once", hint="put all its conditions into one SPEC"
            )
    return Request(
        specs=specs,
        prefix=prefix_of(arguments, environ, made=True),
        python=arguments.python,
        verify=arguments.verify,
        rebuild=arguments.rebuild,
        target=arguments.target,
        providers=tuple(choice(text) for text in arguments.use),
    )
