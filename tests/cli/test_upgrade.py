"""What ``upgrade`` asks for: what was chosen at installation, unless the command line says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pybuild.cli import upgrade as command
from pybuild.cli.main import main
from pybuild.cli.settings import settings_of
from pybuild.errors import ExitCode
from tests.prefix.prefixes import make_prefix, noted

ENVIRON = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[Any, Any]:
    """Return the request and the settings that a command line leads to."""
    found: list[Any] = []

    def carried_out(arguments: Any, environ: Any, of: Any) -> int:
        found.extend(of(settings_of(arguments, environ)))
        return 0

    monkeypatch.setattr(command, "carried_out", carried_out)
    assert main(["upgrade", *words], ENVIRON) == 0
    request, settings = found
    return request, settings


def test_choices_of_the_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options, site and target come from the notes; what is named on the command line counts before them."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix, name="mpi4py", options=["exe"], site="cori", target="knl")
    request, settings = asked(monkeypatch, "-p", str(prefix))
    assert [(s.text, s.options) for s in request.specs] == [("mpi4py[exe]", ("exe",))]
    assert (request.upgrade, request.target, settings.site) == (("mpi4py",), "knl", "cori")
    request, settings = asked(
        monkeypatch, "mpi4py", "-p", str(prefix), "--target", "haswell", "--site", "other"
    )
    assert (request.target, settings.site) == ("haswell", "other")


@pytest.mark.parametrize(
    ("part", "values", "says"),
    [
        (
            "site",
            ("cori", "daint"),
            "the packages were built for several sites: h5py for cori, mpi4py for daint",
        ),
        ("target", ("knl", "haswell"), "the packages were built for several targets"),
    ],
)
def test_several_of_a_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str, values: tuple[str, str], says: str
) -> None:
    """One upgrade is for one site and one target; the way out is said."""
    prefix = make_prefix(tmp_path / "p")
    for name, value in zip(("h5py", "mpi4py"), values, strict=True):
        noted(prefix, name=name, **{part: value})
    assert main(["upgrade", "-n", "-p", str(prefix)], ENVIRON) == int(ExitCode.USAGE)
    err = capsys.readouterr().err
    assert says in err
    assert f"--{part} NAME" in err


def test_nothing_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A prefix without packages of ours has nothing to do."""
    prefix = make_prefix(tmp_path / "p")
    assert main(["upgrade", "-p", str(prefix)], ENVIRON) == 0
    assert "nothing to do" in capsys.readouterr().err
