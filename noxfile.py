"""What is checked before a change lands: ``nox -l`` lists the sessions, ``nox -s lint`` runs one."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "recipes", "docs", "tests"]
nox.options.error_on_missing_interpreters = False


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff's rules and its formatting."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy in strict mode, with the options of pyproject.toml."""
    session.install("--editable", ".[dev]")
    session.run("mypy")
    programs = sorted(str(path) for path in Path("benchmarks").glob("*.py"))
    session.run("mypy", "--explicit-package-bases", *programs, env={"MYPYPATH": "benchmarks"})


@nox.session
def recipes(session: nox.Session) -> None:
    """Data: every recipe and site against its schema and the checks beyond it."""
    session.install("--editable", ".")
    session.run("pybuild", "recipe", "lint")


@nox.session
def docs(session: nox.Session) -> None:
    """Documentation: the tables that are made from the code are up to date."""
    session.install("--editable", ".")
    session.run("python", "docs/make_reference.py", "--check")


@nox.session(python=["3.10", "3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Tests, on every supported Python; words after ``--`` go to pytest."""
    session.install("--editable", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)
