"""Completion in real shells, on a terminal of their own, with what the command prints for them."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybuild.cli.main import main
from pybuild.load.places import shipped
from tests.prefix.prefixes import make_prefix, noted

ROOT = Path(__file__).parents[2]
STARTS = {
    "bash": ("bash", "--noprofile", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
LOADS = {
    "bash": 'eval "$(pybuild completion bash)"',
    "zsh": 'eval "$(pybuild completion zsh)"',
    "fish": "source (pybuild completion fish | psub)",
}
SITES = sorted(path.stem for path in Path(shipped("sitecfg")).glob("*.yaml"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user whose PATH has pybuild."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/pybuild"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m pybuild "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{tmp_path}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "TERM": "dumb",
        "LC_ALL": "C.UTF-8", "PS1": "$ ",
    }  # fmt: skip


def offered(environ: dict[str, str], line: str, **more: str) -> list[str]:
    """Return the words for a line as the scripts of argcomplete ask for them."""
    asked = {
        "_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": f"{environ['HOME']}/words", "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
    }  # fmt: skip
    subprocess.run(["pybuild"], env={**environ, **asked, **more}, check=True, cwd=environ["HOME"], timeout=60)
    return sorted(Path(asked["_ARGCOMPLETE_STDOUT_FILENAME"]).read_text().split("\n"))


class Terminal:
    """A shell on a terminal."""

    def __init__(self, shell: str, environ: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._child = subprocess.Popen(
            STARTS[shell], env=environ, stdin=theirs, stdout=theirs, stderr=theirs, cwd=environ["HOME"],
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, words: list[str], seconds: float = 60) -> None:
        """Read until each of the words was printed."""
        end, seen = time.monotonic() + seconds, ""
        while not all(word in seen for word in words):
            ready = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))[0]
            assert ready, f"{words} were not printed:\n{seen}"
            seen += os.read(self._ours, 4096).decode("utf-8", "replace")

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(request: pytest.FixtureRequest, environ: dict[str, str]) -> Iterator[Terminal]:
    """A shell that has evaluated what the command prints for it."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    found = Terminal(shell, environ)
    found.type(f"{LOADS[shell]}; echo re''ady\n")
    found.wait_for(["ready"])
    yield found
    found.close()


@pytest.mark.parametrize("terminal", ["bash", "zsh"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("pybuild ins", ["pybuild install"]),
        ("pybuild install mpi4", ["mpi4jax", "mpi4py", "mpi4py-fft"]),
        ("pybuild site show co", ["pybuild site show cori"]),
    ],
)
def test_a_shell_completes(terminal: Terminal, typed: str, words: list[str]) -> None:
    """One word is filled in, several are listed."""
    terminal.type(f"{typed}\t\t")
    terminal.wait_for(words)


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("pybuild ins", ["install"]),
        ("pybuild install mpi4", ["mpi4jax", "mpi4py", "mpi4py-fft"]),
        ("pybuild site show co", ["cori"]),
    ],
)
def test_fish_completes(environ: dict[str, str], typed: str, words: list[str]) -> None:
    """Fish says what it would offer."""
    script = f"{LOADS['fish']}; complete -C '{typed}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert sorted(line.partition("\t")[0].strip() for line in done.stdout.splitlines()) == words, done.stderr


def test_words_come_from_where_the_command_looks(environ: dict[str, str], tmp_path: Path) -> None:
    """Recipes and sites of the command line and of pybuild, levels, targets, providers, shells."""
    (tmp_path / "mine/zzz").mkdir(parents=True)
    assert offered(environ, f"pybuild install --recipes {tmp_path}/mine zz") == ["zzz"]
    assert offered(environ, "pybuild recipe show mpi4py-") == ["mpi4py-fft"]
    assert offered(environ, "pybuild plan mpi4py --site ") == SITES
    assert offered(environ, "pybuild install mpi4py --verify r") == ["ranked"]
    assert offered(environ, "pybuild plan mpi4py --site cori --target ") == ["haswell", "knl"]
    assert "compiler=intel" in offered(environ, "pybuild plan mpi4py --site cori --use compiler=i")
    assert offered(environ, "pybuild env activate --shell t") == ["tcsh"]
    assert offered(environ, "pybuild install --job") == ["--job-options", "--jobs"]
    assert offered(environ, "pybuild plan --target ", PYBUILD_SITE="nowhere") == [""]


def test_words_of_a_prefix_and_of_the_cache(environ: dict[str, str], tmp_path: Path) -> None:
    """What is installed in the prefix that is named or activated, and the runs that are kept."""
    prefix = make_prefix(tmp_path / "p")
    for name in ("thing", "third", "other"):
        noted(prefix, name=name)
    assert offered(environ, f"pybuild info -p {prefix} th") == ["thing", "third"]
    assert offered(environ, "pybuild uninstall o", CONDA_PREFIX=str(prefix)) == ["other"]
    assert offered(environ, "pybuild uninstall o") == [""]
    (tmp_path / "cache/runs/2026-01-02-thing").mkdir(parents=True)
    assert offered(environ, "pybuild report 20", PYBUILD_CACHE=str(tmp_path / "cache")) == [
        "2026-01-02-thing"
    ]
    assert offered(environ, "pybuild install -p p") == ["p/"]


def test_what_only_jobs_call_is_not_offered(environ: dict[str, str]) -> None:
    """As in the help."""
    assert offered(environ, "pybuild jobs ") == ["cancel", "status", "wait"]
    assert offered(environ, "pybuild jo") == ["jobs"]


def test_nothing_is_imported_for_it_where_no_shell_asks(environ: dict[str, str]) -> None:
    """Commands start as quickly as without."""
    code = (
        "import os, sys\nfrom pybuild.cli.main import main\n"
        "code = main(['site', 'list'], os.environ)\n"
        "print('argcomplete' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "False"


@pytest.mark.parametrize("shell", STARTS)
def test_the_text_as_data(shell: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json`` as everywhere; what is printed names the program."""
    assert main(["completion", shell, "--json"], environ) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["completion", shell], environ) == 0
    assert (data["shell"], data["text"]) == (shell, capsys.readouterr().out.rstrip("\n"))
    assert "pybuild" in data["text"]
