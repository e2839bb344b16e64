"""Where recipes, sites, the cache and the channel are on this machine."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pybuild.errors import DocumentError, UsageError
from pybuild.load.document import load_document
from pybuild.load.schema import validate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.model.site import Site

_HINT = "correct the file there (docs/configuration.md has every key), or let PYBUILD_CONFIG name another"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedChannel:
    """A channel that others fill.

    Attributes:
        path: its directory.
        signers: OpenSSH's file of allowed signers, one of whom must have signed what is taken from the
            channel; None where its owner is trusted as he is.
    """

    path: str
    signers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What the command line, the environment and the configuration file say together.

    Attributes:
        recipes: directories of recipes, first wins.
        sites: directories of site files, first wins.
        channel: directory of the channel that built packages are kept in.
        cache: directory of downloads and build folders.
        stage: directory for build folders, None for the cache.
        site: name of the site to use, None to detect it.
        jobs: how many processes a build may use, None for the machine's number.
        shared: channels that are looked into before ``channel``, best first; nothing is written there.
            None for what the site says.
        mirror: directory that files are taken from before the network is asked, None without one.
        offline: nothing may be asked over the network.
    """

    recipes: tuple[str, ...]
    sites: tuple[str, ...]
    channel: str
    cache: str
    site: str | None = None
    jobs: int | None = None
    stage: str | None = None
    shared: tuple[SharedChannel, ...] | None = None
    mirror: str | None = None
    offline: bool = False


def find_places(
    environ: Mapping[str, str],
    recipes: Sequence[str | os.PathLike[str]] = (),
    sites: Sequence[str | os.PathLike[str]] = (),
) -> Places:
    """Return the places for one run.

    Directories are searched in the order command line, configuration file, what comes with pybuild.
    ``PYBUILD_CHANNEL``, ``PYBUILD_SHARED_CHANNEL``, ``PYBUILD_CACHE``, ``PYBUILD_STAGE``, ``PYBUILD_SITE``,
    ``PYBUILD_MIRROR`` and ``PYBUILD_OFFLINE`` win over the configuration file,
    whose own place is ``PYBUILD_CONFIG`` or ``pybuild/config.yaml`` in the user's configuration directory.

    Args:
        environ: the user's environment.
        recipes, sites: directories named on the command line.

    Raises:
        DocumentError: the configuration file is wrong.
        UsageError: ``PYBUILD_CONFIG`` names a file that is not there, ``PYBUILD_OFFLINE`` says neither yes
            nor no, or nobody knows the user's home.
    """
    config, base = _configuration(environ)
    channel = _said(environ, "PYBUILD_CHANNEL") or _resolved(config.get("channel"), base, environ)
    cache = _said(environ, "PYBUILD_CACHE") or _resolved(config.get("cache"), base, environ)
    return Places(
        recipes=_directories(environ, recipes, config.get("recipes", ()), base, "recipes"),
        sites=_directories(environ, sites, config.get("sites", ()), base, "sitecfg"),
        channel=channel or os.path.join(_xdg(environ, "XDG_DATA_HOME", ".local/share"), "channel"),
        cache=cache or _xdg(environ, "XDG_CACHE_HOME", ".cache"),
        site=environ.get("PYBUILD_SITE") or config.get("site"),
        jobs=int(config["jobs"]) if "jobs" in config else None,
        stage=_stage(environ, config, base),
        shared=_shared(environ, config, base),
        mirror=_said(environ, "PYBUILD_MIRROR") or _resolved(config.get("mirror"), base, environ),
        offline=_switched(environ, "PYBUILD_OFFLINE", default=bool(config.get("offline", False))),
    )


def shipped(kind: str) -> str:
    """Return the directory of the recipes (``recipes``) or sites (``sitecfg``) that come with pybuild."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "data", kind)
    if os.path.isdir(inside):
        return inside
    return os.path.join(os.path.dirname(package), kind)  # a checkout of the repository


def _shared(
    environ: Mapping[str, str], config: Mapping[str, Any], base: str
) -> tuple[SharedChannel, ...] | None:
    """Return the shared channels; those of the environment, divided by colons, replace the file's.

    ``none`` in the environment, or an empty list in the file, leaves the site's own out as well.
    """
    signers = _resolved(config.get("signers"), base, environ)
    said = environ.get("PYBUILD_SHARED_CHANNEL", "")
    if said == "none":
        return ()
    if not said and "shared" not in config:
        return None
    named, start = (said.split(":"), os.getcwd()) if said else (config.get("shared", ()), base)
    paths = (_resolved(path, start, environ) for path in named if path)
    return tuple(SharedChannel(path=path, signers=signers) for path in dict.fromkeys(paths) if path)


def shared_channels(site: Site, places: Places) -> tuple[SharedChannel, ...]:
    """Return the channels to look into before the user's own: what he says, else what the site says."""
    named = places.shared
    if named is None:
        share = site.share
        named = (SharedChannel(path=share.channel, signers=share.signers),) if share and share.channel else ()
    return tuple(one for one in named if os.path.normpath(one.path) != os.path.normpath(places.channel))


def _switched(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return what a variable says about a switch.

    Raises:
        UsageError: it says neither.
    """
    words = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
    value = environ.get(name, "").lower()
    if value and value not in words:
        raise UsageError(f"{name}: found {value!r}, expected 1 or 0")
    return words.get(value, default)


def _configuration(environ: Mapping[str, str]) -> tuple[Mapping[str, Any], str]:
    """Return the configuration file's content, empty where there is none, and its directory."""
    named = _said(environ, "PYBUILD_CONFIG")
    path = named or os.path.join(_xdg(environ, "XDG_CONFIG_HOME", ".config"), "config.yaml")
    base = os.path.dirname(path)
    if not os.path.exists(path):
        if named:
            raise UsageError(
                f"PYBUILD_CONFIG: there is no file {path}",
                hint="name one that is there, or unset PYBUILD_CONFIG",
            )
        return {}, base
    try:
        document = load_document(path, empty=True)
        validate(document, "config")
    except DocumentError as error:
        raise DocumentError(error.problems, hint=error.hint or _HINT) from None
    return document.data, base


def _directories(
    environ: Mapping[str, str],
    first: Sequence[str | os.PathLike[str]],
    then: Sequence[str],
    base: str,
    kind: str,
) -> tuple[str, ...]:
    named = [os.path.abspath(directory) for directory in first]
    named += [_resolved(directory, base, environ) or "" for directory in then]
    return tuple(dict.fromkeys([*named, shipped(kind)]))


def _stage(environ: Mapping[str, str], config: Mapping[str, Any], base: str) -> str | None:
    """Return where builds stand; ``$TMPDIR`` is that of the node on which it is asked."""
    named = environ.get("PYBUILD_STAGE") or config.get("stage")
    if named == "$TMPDIR":
        named = environ.get("TMPDIR") or None
    return _resolved(named, base, environ)


def _said(environ: Mapping[str, str], name: str) -> str | None:
    """Return a path of the environment, made absolute; an empty variable says nothing."""
    value = environ.get(name, "")
    return _resolved(value, os.getcwd(), environ) if value else None


def _resolved(path: str | None, base: str, environ: Mapping[str, str]) -> str | None:
    """Return an absolute path; relative ones begin at ``base``, ``~/`` at the user's home."""
    if path is None:
        return None
    if path == "~" or path.startswith("~/"):
        path = _home(environ) + path[1:]
    return os.path.normpath(os.path.join(base, path))


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> str:
    # platformdirs gives the same on Linux, but importing it takes longer than the rest of this file together,
    # and it looks at the process's environment instead of the one it is given.
    # tests/load/test_places.py compares the two.
    base = environ.get(variable, "")
    if not base.strip():
        base = os.path.join(_home(environ), default)
    return os.path.join(base, "pybuild")


def _home(environ: Mapping[str, str]) -> str:
    """Return the user's home.

    Raises:
        UsageError: nobody knows it, as in a container whose user has no entry in the password file.
    """
    if environ.get("HOME"):
        return environ["HOME"]
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        raise UsageError("HOME is not set and this user has no home", hint="export HOME=DIR") from None
