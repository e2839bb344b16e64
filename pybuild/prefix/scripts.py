"""The scripts of a prefix, kept so that they say what the packages in it need to run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pybuild.errors import PlanError, PrefixError
from pybuild.files import replace_file
from pybuild.plan.prefix_scripts import CONDA, HOME, NAMES, prefix_scripts
from pybuild.plan.running import Installed, Running, merged
from pybuild.prefix.installed import planned, share
from pybuild.prefix.notes import is_installed, read_notes


def running_of(prefix: Path, *, final: Path | None = None) -> Running:
    """Return what all packages of ours in a prefix need to run.

    Args:
        final: the path at which the prefix will be used, where it is put together elsewhere.

    Raises:
        PlanError: packages that cannot run in one shell.
        PrefixError: a record of a package cannot be read.
    """
    return merged(str(final or prefix), tuple(_installed(prefix)), conda=has_scripts(prefix))


def has_scripts(prefix: Path) -> bool:
    """Return whether packages have scripts for ``conda activate``; ours do not count."""
    folder = prefix / CONDA[0]
    return folder.is_dir() and any(path.stem != "pybuild" for path in folder.iterdir())


def write_scripts(prefix: Path, *, final: Path | None = None) -> None:
    """Write the scripts for what is installed now; remove them where nothing of ours is left.

    Repeated, it changes nothing. Where the packages cannot run together, the scripts say why.

    Args:
        final: the path at which the prefix will be used, where it is put together elsewhere.

    Raises:
        OSError: they cannot be written.
    """
    if not any(is_installed(prefix, note) for note in read_notes(prefix)):
        _remove(prefix)
        return
    try:
        texts = prefix_scripts(running_of(prefix, final=final))
    except (PlanError, PrefixError) as error:
        bare = Running(prefix=str(final or prefix), packages=())
        texts = prefix_scripts(bare, refusal=error.message.replace(str(prefix), bare.prefix))
    for name, text in texts.items():
        path = prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            replace_file(path, text, safe=True)


def _remove(prefix: Path) -> None:
    for name in NAMES:
        (prefix / name).unlink(missing_ok=True)
    for folder in (HOME, *CONDA, "etc/conda", "etc"):
        with suppress(OSError):  # it never was, or somebody else has files in it
            (prefix / folder).rmdir()


def _installed(prefix: Path) -> Iterator[Installed]:
    for note in read_notes(prefix):
        if not is_installed(prefix, note):
            continue
        name = str(note["name"])
        plan = planned(prefix, name)
        if plan is None:
            raise PrefixError(
                f"{share(prefix, name) / 'record.json'}: cannot be read, expected the record of {name}",
                hint=f"pybuild install {name} --rebuild -p {prefix}",
            )
        yield Installed(
            name=name,
            version=str(note["version"]),
            site=str(note["site"]),
            level=str(note["level"]),
            plan=plan,
        )
