"""The commands of docs/channels.md, run from top to bottom as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.project import BASE, ROOT, Project

PAGE = ROOT / "docs/channels.md"


def script() -> str:
    """Return every block that is marked to be run."""
    found = re.findall(
        r"^<!-- run: channels -->\n```bash\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(found) == len(re.findall(r"^```bash$", PAGE.read_text(), re.MULTILINE))
    return "".join(found)


def test_the_page_does_what_it_says(project: Project) -> None:
    """A shared channel, its signature, a copy, a check, a mirror, an installation without a network."""
    shutil.rmtree(project.channel)  # the first installation builds
    work, program = project.root / "work", project.root / "bin/pybuild"
    work.mkdir()
    program.parent.mkdir()
    # A new prefix takes the newest Python of a machine; the tests' one has what its builds need.
    program.write_text(
        f'#!/bin/sh\ncase "$1 $2" in install*|plan*|"mirror create") set -- "$@" --python {BASE};; esac\n'
        f'exec {sys.executable} -m pybuild "$@"\n'
    )
    program.chmod(0o755)
    text = script().replace("/shared/pybuild", str(project.root / "shared")).replace("mpi4py", "toyext")
    environ = project.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=work,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "from the channel" in done.stdout
    assert "signed until" in done.stderr
    assert "every file is that of its hash" in done.stderr
    assert project.imports("toyext", work / "myenv") == "2.0"
    assert list(Path(project.root, "shared/mirror/sources").glob("toyext-2.0.tar.gz"))
