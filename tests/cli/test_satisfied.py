"""The short way says yes only where the prefix surely is what is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pybuild.cli.satisfied import satisfied
from pybuild.prefix import places
from tests.prefix.prefixes import make_prefix, noted

LEVELS = ("built", "linked", "imported", "ranked")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "p")


def asked(prefix: Path, *specs: str, level: str | None = None, site: str | None = None) -> bool:
    return satisfied(str(prefix), specs or ("thing",), level, site)


@pytest.mark.parametrize(
    ("spec", "yes"),
    [
        ("thing", True),
        ("Thing", True),
        ("thing==2.1", True),
        ("thing>=2,<3", True),
        ("thing[exe]", True),
        ("thing[exe]>=2", True),
        ("thing==2.0", False),
        ("thing>=3", False),
        ("thing[debug]", False),
        ("thing[exe,debug]", False),
        ("other", False),
        ("other>=1", False),
        ("thing=2.1", False),
        ("not a spec", False),
        ('thing; python_version < "3"', False),
        ("", False),
        ("../thing", False),
    ],
)
def test_the_spec_must_fit_what_is_there(prefix: Path, spec: str, yes: bool) -> None:
    """Name, version and options; what cannot be read is looked at properly, which explains it."""
    noted(prefix, version="2.1", options=["exe"])
    assert asked(prefix, spec) is yes


@pytest.mark.parametrize(
    ("python", "yes"),
    [
        ("3.11", True),
        ("3", True),
        ("3.11.7", True),
        ("3.1", False),
        ("3.12", False),
        ("/usr/bin/python3", False),
    ],
)
def test_the_python_must_be_the_prefixs(prefix: Path, python: str, yes: bool) -> None:
    """A version that it has costs no plan; what program a path is, is looked at properly."""
    noted(prefix)
    assert satisfied(str(prefix), ("thing",), None, None, python) is yes


def test_an_address_is_never_satisfied(prefix: Path) -> None:
    """It is a usage error, whatever the prefix has."""
    noted(prefix)
    assert not asked(prefix, "thing @ https://example.org/thing.tar.gz")


def test_a_prerelease_that_is_there_counts(prefix: Path) -> None:
    """It was installed because somebody asked for it."""
    noted(prefix, version="2.1rc1")
    assert asked(prefix, "thing>=2")


@pytest.mark.parametrize("reached", LEVELS)
@pytest.mark.parametrize("demanded", LEVELS)
@pytest.mark.parametrize("highest", LEVELS)
def test_the_level_must_be_reached(prefix: Path, reached: str, demanded: str, highest: str) -> None:
    """The one demanded, now or at installation, as far as the package's checks go."""
    rank = LEVELS.index
    enough = rank(reached) >= min(rank(demanded), rank(highest))
    noted(prefix, level=reached, demanded="built", highest=highest)
    assert asked(prefix, level=demanded) is enough
    noted(prefix, level=reached, demanded=demanded, highest=highest)
    assert asked(prefix) is enough


def test_the_site_must_be_the_one_that_is_demanded(prefix: Path) -> None:
    """Without a demand any site will do."""
    noted(prefix, site="cori")
    assert asked(prefix, site="cori")
    assert asked(prefix)
    assert not asked(prefix, site="generic")


def test_every_spec_must_be_satisfied(prefix: Path) -> None:
    """One that is missing is enough to look properly."""
    noted(prefix)
    noted(prefix, name="other")
    assert asked(prefix, "thing", "other")
    assert not asked(prefix, "thing", "absent")


def test_what_conda_removed_is_not_there(prefix: Path) -> None:
    """The note alone proves nothing."""
    made = noted(prefix)
    (prefix / "conda-meta" / f"thing-1.0-{made['build']}.json").unlink()
    assert not asked(prefix)


def test_what_it_needs_must_be_there(prefix: Path) -> None:
    """Where a need was removed by hand one looks properly; conda's virtual packages have no file."""
    noted(prefix, depends=["python 3.11.*", "base-layer >=2", "__glibc >=2.17"])
    assert not asked(prefix)
    for stem in ("base-layer-2.0-py_0", "python-3.11.7-h_0"):
        (prefix / places.META / f"{stem}.json").touch()
    assert asked(prefix)


def test_an_unfinished_transaction_is_looked_at_properly(prefix: Path) -> None:
    """The next run must finish it."""
    noted(prefix)
    places.journal(prefix).write_text("{}")
    assert not asked(prefix)


def test_no_prefix_satisfies_nothing(tmp_path: Path) -> None:
    """Nor does a file."""
    assert not asked(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    assert not asked(tmp_path / "file")


READING = {"__future__", "json", "json.decoder", "json.encoder", "json.scanner", "_json"}
LIGHT = {
    "install": {
        "pybuild", "pybuild.cli", "pybuild.cli.main", "pybuild.cli.plain", "pybuild.cli.satisfied",
        "pybuild.cli.text", "pybuild.prefix", "pybuild.prefix.notes", "pybuild.prefix.places",
    },
    "list": {
        "pybuild", "pybuild.cli", "pybuild.cli.hints", "pybuild.cli.main", "pybuild.cli.plain",
        "pybuild.cli.prefix", "pybuild.cli.settings", "pybuild.cli.text", "pybuild.errors", "pybuild.prefix",
        "pybuild.prefix.notes", "pybuild.prefix.pending", "pybuild.prefix.places", "signal",
    },
    "--version": {"pybuild", "pybuild.cli", "pybuild.cli.main", "pybuild.cli.text"},
}  # fmt: skip
"""What the shortest commands import beside READING; re comes with pip's script, and json needs it anyway."""


@pytest.mark.parametrize("command", LIGHT)
def test_short_commands_import_nothing_else(prefix: Path, command: str) -> None:
    """Each module is a file to open, which is what a parallel file system makes slow."""
    noted(prefix)
    (prefix / places.META / "history").touch()
    words = {"install": ["thing", "-y", "-p", str(prefix)], "list": ["-p", str(prefix)]}.get(command, [])
    code = (
        f"import os, re, sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "before = set(sys.modules)\n"
        "from pybuild.cli.main import main\n"
        "code = main(sys.argv[1:], os.environ)\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, command, *words], capture_output=True, text=True, check=True
    )
    loaded = {line for line in done.stderr.splitlines() if " " not in line}
    assert loaded - READING == LIGHT[command]
