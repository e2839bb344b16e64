"""An index of one test, and the command line that is pointed at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pybuild.cli.main import main
from pybuild.fetch import pipconfig
from pybuild.fetch.pipconfig import PipConfig
from tests.servers import Server, serving

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def index() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def environ(index: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a user whose pip knows this index and nothing else; asking pip itself takes long."""
    config = PipConfig(indexes=(index.simple,), timeout=60, retries=1, cert=None)
    monkeypatch.setattr(pipconfig, "read_pip_config", lambda _: config)
    monkeypatch.setenv("NETRC", os.devnull)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PYBUILD_CACHE": str(tmp_path / "cache"),
    }


@pytest.fixture
def run(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``pybuild recipe ...`` and return exit code, output and errors."""

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(["recipe", *argv], environ)
        return code, *capsys.readouterr()

    return run
