"""The printed script builds the same extension with bash alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.end_to_end.project import Project


def _facts(prefix: Path) -> tuple[list[str], list[str]]:
    """Return the libraries that toyext's extension needs, and the symbols that it exports."""
    (extension,) = prefix.rglob("toyext/_core*.so")
    dynamic = subprocess.run(["readelf", "-d", extension], capture_output=True, text=True, check=True).stdout
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", extension], capture_output=True, text=True, check=True
    ).stdout
    return (
        sorted(line.split("[")[1] for line in dynamic.splitlines() if "(NEEDED)" in line),
        sorted(line.split()[-1] for line in symbols.splitlines()),
    )


def test_script_builds_the_same(project: Project) -> None:
    """Run by bash, with neither pybuild nor Python's path, it makes the same package and checks it."""
    project.install("toyext==1.0").done()
    other = project.root / "other"
    script = project.root / "script.sh"
    script.write_text(project.run("script", "toyext==1.0", "-p", other).done().out)
    script.chmod(0o755)
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(project.home), "NO_PROXY": "127.0.0.1"}

    run = subprocess.run(["bash", script], cwd="/", env=environ, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert '"ranks": [0, 1]' in run.stdout
    assert project.imports("toyext", other) == "1.0"
    assert _facts(other) == _facts(project.prefix)
    assert "libmpi.so.12]" in _facts(other)[0]
    assert "PyInit__core" in _facts(other)[1]
    assert not any(os.path.lexists(path) for path in project.root.glob("tmp/tmp.*")), "it cleans up"


def test_script_stops_at_a_wrong_hash(project: Project) -> None:
    """A source that is not the recipe's stops the script before anything is built from it."""
    script = project.root / "script.sh"
    script.write_text(project.run("script", "toyext==1.0").done().out)
    project.server.add("/files/toyext-1.0.tar.gz", b"not the source")
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(project.home), "NO_PROXY": "127.0.0.1"}
    run = subprocess.run(["bash", script], env=environ, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "toyext-1.0.tar.gz: FAILED" in run.stdout + run.stderr
    assert list(project.prefix.rglob("toyext")) == []
