"""What holds for every test: a private home, and no silent skip where CI decides."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# No test asserts a time, and other work on the machine is no reason to fail.
settings.register_profile("pybuild", parent=settings(), deadline=None)
settings.load_profile("pybuild")

# A run in the background of a shell ignores Ctrl-C, and so would every program that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

HEAVY = (
    "on_cray", "h5py", "main_job", "end_to_end", "native", "box", "activation", "on_slurm", "run", "modules",
)  # fmt: skip
"""Folders whose tests take longest, longest first: with several workers these begin first."""

SHARED = ("on_cray", "h5py", "main_job", "box", "activation", "on_slurm", "run")
"""Folders whose tests share something that takes long to make: all of one go to the same worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first: what begins last decides when several workers are done."""
    items.sort(key=lambda item: _rank(item.nodeid))  # stable: files and tests keep their order


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Say what ``pytest -n`` leaves to one worker: a folder whose tests share slow things, or a file."""
    return _ByWhatIsShared(config, log)


class _ByWhatIsShared(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        return folder if folder in SHARED else nodeid.partition("::")[0]


def _folder(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").partition("/")[0]


def _rank(nodeid: str) -> int:
    folder = _folder(nodeid)
    return HEAVY.index(folder) if folder in HEAVY else len(HEAVY)


@pytest.fixture(autouse=True)
def _private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test an empty home and forget what the caller's shell has set for pybuild or conda."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in list(os.environ):
        if name.startswith(("PYBUILD_", "CONDA_", "XDG_")) and not name.startswith("PYBUILD_TEST_"):
            monkeypatch.delenv(name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turn a skip into a failure where ``CI`` is set: there, everything that is needed is installed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        where, line, reason = report.longrepr
        report.longrepr = f"{Path(where).name}:{line}: skipped in CI: {reason}"
