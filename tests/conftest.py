"""What holds for every test: a private home, and no silent skip where CI decides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent

HEAVY = ("on_cray", "h5py", "main_job", "end_to_end", "native", "box", "activation", "on_slurm", "modules")
"""Folders whose tests take longest, longest first: with several workers these begin first."""

SHARED = ("on_cray", "h5py", "main_job", "box", "activation", "on_slurm")
"""Folders whose tests share something that takes long to make: all of one go to the same worker."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, and say what belongs together, for ``pytest -n``.

    Files stay whole, because module fixtures are made once for each worker that needs them.
    """
    if not items or not items[0].config.pluginmanager.has_plugin("xdist"):
        return
    items.sort(key=lambda item: _rank(_parts(item)))  # stable: files and tests keep their order
    for item in items:
        parts = _parts(item)
        item.add_marker(pytest.mark.xdist_group(parts[0] if parts[0] in SHARED else "/".join(parts)))


def _parts(item: pytest.Item) -> Sequence[str]:
    return item.path.relative_to(ROOT).parts


def _rank(parts: Sequence[str]) -> int:
    return HEAVY.index(parts[0]) if parts[0] in HEAVY else len(HEAVY)


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
