"""A local server, a session that goes nowhere else, and no waiting between tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from pybuild.fetch import session as sessions
from pybuild.fetch.pipconfig import PipConfig
from tests.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NETRC", "/nonexistent")
    monkeypatch.setattr(sessions, "PAUSE", 0.001)


@pytest.fixture
def session(no_proxy: None) -> Iterator[requests.Session]:
    with sessions.open_session(PipConfig(timeout=60, retries=3)) as opened:
        yield opened
