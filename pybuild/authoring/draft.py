"""Puts what was found together into a recipe; nothing is read or fetched here."""

from __future__ import annotations

import re

from pybuild.authoring import licences
from pybuild.authoring.building import Building
from pybuild.authoring.checks import library_checks, python_checks, wheel_checks
from pybuild.authoring.metadata import Metadata
from pybuild.authoring.modules import Modules
from pybuild.authoring.needs import Needs, merged, needs
from pybuild.authoring.record import Drafted, DraftedRelease, Row

_SUMMARY = 120


def wheel_draft(
    name: str,
    project: str,
    info: Metadata,
    modules: Modules,
    releases: tuple[DraftedRelease, ...],
    *,
    mpi4py: str = "",
) -> Drafted:
    """Return the draft of a recipe that takes wheels.

    Args:
        mpi4py: file of the wheel that imports mpi4py, ``""`` where none does.
    """
    run = needs(info.requires or (), releases[0].python)
    listed = "mpi4py" in run.names()
    if mpi4py and not listed:
        run = merged(run, ("mpi4py",))
    lines, scripts = wheel_checks(modules, name, parallel="mpi4py" in run.names())
    return Drafted(
        name=name,
        header=(_header(releases),),
        about=about(info, name),
        source=("pypi", project),
        releases=releases,
        system="wheel",
        run=run,
        run_notes=_run_notes(info, releases, "" if listed or not mpi4py else f"{mpi4py} imports it"),
        tests=lines,
        scripts=scripts,
    )


def source_draft(
    name: str,
    source: tuple[str, str],
    info: Metadata,
    modules: Modules,
    built: Building,
    releases: tuple[DraftedRelease, ...],
) -> Drafted:
    """Return the draft of a recipe that builds from source.

    Args:
        source: ``("pypi", project)`` or ``("url", address)``.
    """
    if built.system != "python":
        return _library_draft(name, source, info, built, releases)
    python = releases[0].python
    run = merged(needs(info.requires or (), python), built.recipes)
    parallel = "mpi4py" in run.names() or bool(built.mpi4py)
    guess = ""
    if (built.mpi4py or built.mpi) and name != "mpi4py" and "mpi4py" not in run.names():
        run = merged(run, ("mpi4py",))
        guess = f"{built.mpi4py} imports it" if built.mpi4py else "the drafted test with ranks uses it"
    lines, scripts = python_checks(modules, name, built, parallel=parallel)
    build = merged(needs(built.requires, python), () if built.requires else ("setuptools",))
    return Drafted(
        name=name,
        header=(_header(releases),),
        about=about(info, name),
        source=source,
        releases=releases,
        system="distutils" if _python_2_only(python) else "python",
        virtual=built.virtual,
        build=_with_wheel(build, python),
        build_notes=built.requires_notes,
        run=run,
        run_notes=(*_run_notes(info, releases, guess), *built.recipe_notes),
        env=built.env,
        env_notes=built.env_notes,
        tests=lines,
        scripts=scripts,
    )


def about(info: Metadata, name: str) -> tuple[Row, ...]:
    """Return the rows of the about section; what the package does not say is marked."""
    summary = _one_line(info.summary)
    home = re.sub(r"^http://", "https://", info.homepage.strip())
    well = re.fullmatch(r"https://[^\s\"]+", home)
    licence, guess = licences.spdx(info.licence_expression, info.licence, info.classifiers)
    notes = {
        "summary": () if summary else ("the package does not say",),
        "homepage": (
            ("guessed: the package says http",) if well and home != info.homepage.strip() else ()
            if well else ("the package does not say",)
        ),
        "license": (f"guessed: from {guess}",) if guess else ("the package does not say",)
        if licence == licences.UNKNOWN else (),
    }  # fmt: skip
    values = {
        "summary": summary or name,
        "homepage": home if well else "https://example.org",
        "license": licence,
    }
    return tuple(Row(key=key, text=text, comments=notes[key]) for key, text in values.items())


def _library_draft(
    name: str, source: tuple[str, str], info: Metadata, built: Building, releases: tuple[DraftedRelease, ...]
) -> Drafted:
    script = 'make\nmake install PREFIX="$PREFIX"\n' if built.system == "shell" else ""
    return Drafted(
        name=name,
        header=(_header(releases),),
        about=about(info, name),
        source=source,
        releases=releases,
        system=built.system,
        virtual=built.virtual,
        run=Needs(rows=built.recipes),
        run_notes=built.recipe_notes,
        env=built.env,
        env_notes=(*built.env_notes, *_hand_written(built)),
        script=script,
        tests=library_checks(name, built),
    )


def _hand_written(built: Building) -> tuple[str, ...]:
    if built.system == "shell":
        return ("guessed: nothing at the top of the source says how it is built",)
    return ("see its help on options, and write those that matter into args",)


def _header(releases: tuple[DraftedRelease, ...]) -> str:
    version = releases[0].version
    return f"Drafted by pybuild recipe new from {version}; lines marked as guessed are to be looked at."


def _run_notes(info: Metadata, releases: tuple[DraftedRelease, ...], mpi4py: str) -> tuple[str, ...]:
    """Return comments on the run requirements; ``mpi4py`` says why it was added, ``""`` where it was not."""
    notes = []
    if info.requires is None:
        notes.append("nothing in the source says what it needs to run")
    elif info.requires:
        older = "; older versions may need something else" if len(releases) > 1 else ""
        notes.append(f"from {info.where} of {releases[0].version}{older}")
    return (*notes, f"guessed: mpi4py, because {mpi4py}") if mpi4py else tuple(notes)


def _with_wheel(build: Needs, python: str) -> Needs:
    """Return build requirements with wheel for the Pythons whose newest setuptools makes no wheels itself."""
    from packaging.specifiers import SpecifierSet

    old = any(SpecifierSet(python or ">=3.9").contains(f"3.{minor}.9") for minor in (6, 7))
    if not old or "setuptools" not in build.names() or "wheel" in build.names() or build.others:
        return build
    return Needs(rows=build.rows, others=(("<3.8", (*build.rows, "wheel <0.46")),), notes=build.notes)


def _python_2_only(python: str) -> bool:
    """Return whether no Python 3 will do: nothing makes wheels from sources for Python 2."""
    from packaging.specifiers import SpecifierSet

    return bool(python) and not any(SpecifierSet(python).contains(f"3.{minor}.9") for minor in range(20))


def _one_line(text: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text)
    line = " ".join(plain.split()).rstrip(".").replace("${", "$ {")
    return line if len(line) <= _SUMMARY else line[: _SUMMARY - 3].rstrip() + "..."
