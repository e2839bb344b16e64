"""``pybuild doctor`` on a Cray: in a login shell it says what is in the way, in an activated one nothing."""

from __future__ import annotations

import sys

from tests.on_cray.cray import ROOT, Cray

LOADED = "PrgEnv-intel/6.0.5:craype-haswell:craype-hugepages2M:cray-mpich/7.7.10"


def test_a_login_shell_and_an_activated_one(cray: Cray) -> None:
    """The login's programming environment and huge pages are wrong; the activation that is named cures it."""
    prefix = str(cray.root / "env")
    words = ["doctor", "-p", prefix, "--json", *cray.places()]
    found = cray.run(*words, environ={"LOADEDMODULES": LOADED})
    assert found.code == 11, found.err
    wrong = [one for one in found.data["findings"] if one["level"] == "wrong"]
    assert [(one["check"], one["what"].split()[0]) for one in wrong] == [
        ("other-modules", "PrgEnv-intel/6.0.5"), ("forbidden-modules", "craype-hugepages2M"),
    ]  # fmt: skip
    assert {one["cure"] for one in wrong} == {f". {prefix}/etc/pybuild/activate.sh"}
    inner = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "pybuild", *words]
    active = cray.run("env", "run", "-p", prefix, "--", *inner)
    assert active.code == 0, active.out
    assert {one["level"] for one in active.data["findings"]} <= {"note"}
    assert "other-modules" not in [one["check"] for one in active.data["findings"]]
