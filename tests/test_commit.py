"""Under the lock of a prefix nobody else changes it, wherever the lock lies by then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pybuild.prefix import places

HOLD = """\
import sys
from pathlib import Path
from types import SimpleNamespace as Some
from pybuild.commit import locked
said = lambda text: print(text.split(",")[0], flush=True)
settings = Some(report=Some(note=said), places=Some(cache=sys.argv[2]))
with locked(Path(sys.argv[1]), settings):
    print("held", flush=True)
    sys.stdin.readline()
print("left", flush=True)
"""


def start(prefix: Path) -> subprocess.Popen[str]:
    """Run a process that holds the lock of a prefix until it is told to leave."""
    argv = [sys.executable, "-c", HOLD, str(prefix), str(prefix.parent / "cache")]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def heard(child: subprocess.Popen[str]) -> str:
    """Return what a process says next."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def leave(child: subprocess.Popen[str]) -> None:
    """Tell a process to leave, and wait for its end."""
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()
    assert heard(child) == "left"
    child.communicate(timeout=60)


def test_who_waited_beside_a_new_prefix_waits_inside_it_too(tmp_path: Path) -> None:
    """One makes the prefix, another changes it as soon as it is there, a third has waited all the time."""
    prefix = tmp_path / "env"
    maker = start(prefix)
    assert heard(maker) == "held"
    waiter = start(prefix)
    assert heard(waiter).startswith("waiting for ")
    (prefix / "conda-meta/pybuild").mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    changer = start(prefix)
    assert heard(changer) == "held"
    assert places.lock(prefix).parent == places.notes(prefix)
    leave(maker)
    assert heard(waiter).startswith("waiting for "), "for the one who changes it"
    leave(changer)
    assert heard(waiter) == "held"
    leave(waiter)
