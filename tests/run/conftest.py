"""Fixtures: packages that write down when each of their commands begins and ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.conftest import store as files
from tests.end_to_end.project import Project, clone
from tests.servers import Server, serving

__all__ = ["files"]

_MAKEFILE = """
all: $(addprefix part-,$(PARTS))
part-%:
\t@sh trace.sh "$(NAME)" "$@"
install:
\tmkdir -p $(DESTDIR)$(prefix)/bin
\tinstall -m 755 program $(DESTDIR)$(prefix)/bin/$(NAME)
"""
_TRACE = """
echo "$1 $2 begins $(date +%s.%N)" >> "$TRACE"
if [ -e "$TRACE.crowd.$1" ]; then
  wanted=$(cat "$TRACE.crowd.$1") tries=0
  until [ -e "$TRACE.met.$wanted" ] || [ $tries -gt 600 ]; do
    begun=$(grep -c begins "$TRACE") ended=$(grep -c ends "$TRACE") tries=$((tries + 1))
    if [ $((begun - ended)) -ge "$wanted" ]; then touch "$TRACE.met.$wanted"; else sleep 0.1; fi
  done
fi
if [ -e "$TRACE.hold" ]; then touch "$TRACE.held"; sleep 300 & wait; fi
[ ! -e "$TRACE.fail.$1" ] || { echo "trace.c:1: error: told to fail" >&2; exit 3; }
sleep 0.25
echo "$1 $2 ends $(date +%s.%N)" >> "$TRACE"
"""
_RECIPE = """
name: {name}
about: {{summary: a toy, homepage: "https://example.org", license: MIT}}
source: {{pypi: {name}}}
versions: {{{versions}}}
requirements:
  virtual: [compiler]
  run: [{needs}]
build:
  {build}
  env: {{TRACE: "{trace}", NAME: {name}, PARTS: "{parts}"}}
tests:
  - command: [{name}]
"""
MAKE = 'system: make\n  args: ["prefix=${{ host }}"]'


@dataclass(frozen=True)
class Part:
    """One command of a build, in seconds since the epoch; ``end`` is infinite for one that was cut off."""

    package: str
    begin: float
    end: float


@dataclass(frozen=True)
class Toys:
    """A project whose packages keep a trace."""

    project: Project
    trace: Path

    def add(
        self, name: str, *needs: str, parts: int = 4, build: str = MAKE, versions: Sequence[str] = ("1.0",)
    ) -> None:
        """Add a package with so many commands."""
        content = {"Makefile": _MAKEFILE, "trace.sh": _TRACE, "program": "#!/bin/sh\necho hello\n"}
        files = [toys.sdist(name, version, content) for version in versions]
        self.project.serve(*files)
        hashes = zip(versions, files, strict=True)
        text = _RECIPE.format(
            name=name, needs=", ".join(needs), build=build, trace=self.trace,
            parts=" ".join(map(str, range(parts))),
            versions=", ".join(f'"{version}": {{sha256: {file.sha256}}}' for version, file in hashes),
        )  # fmt: skip
        self.project.recipe(name, text)

    def mark(self, what: str) -> Path:
        """Return the file that changes what commands do: ``hold``, ``held``, ``fail.NAME``."""
        return Path(f"{self.trace}.{what}")

    def crowd(self, count: int, *names: str) -> None:
        """Let the commands of these packages wait, a minute at most, until once so many are at work.

        They are as quick as the machine is busy: where others may work beside them, by luck none would.
        """
        for name in names:
            self.mark(f"crowd.{name}").write_text(str(count))

    def parts(self) -> list[Part]:
        """Return what the builds wrote down."""
        begun: dict[tuple[str, str], float] = {}
        found = []
        for line in self.trace.read_text().splitlines():
            name, part, event, when = line.split()
            if event == "begins":
                begun[name, part] = float(when)
            else:
                found.append(Part(name, begun.pop((name, part)), float(when)))
        return found + [Part(name, begin, float("inf")) for (name, _), begin in begun.items()]


def peak(parts: Sequence[Part]) -> int:
    """Return how many commands were at work at the same time."""
    return max(sum(p.begin <= one.begin < p.end for p in parts) for one in parts)


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory, files: object) -> Iterator[Project]:
    """A project with a Python and pip in its channel, which every test uses."""
    with serving() as server:
        project = _project(tmp_path_factory.mktemp("runs"), server, files)
        project.install("toypure==1.0").done()
        clone(project.prefix, project.root / "fresh")
        yield project
        shutil.rmtree(project.root)


def _project(root: Path, server: Server, files: object) -> Project:
    project = Project(root, server)
    files.stock(project)  # type: ignore[attr-defined]
    site = project.sites / "toy.yaml"
    site.write_text(site.read_text().replace("verify: ranked", "verify: imported"))
    return project


@pytest.fixture
def toybox(shared: Project, tmp_path: Path) -> Toys:
    """The packages of one test, and a prefix without any.

    The trace's place is in their keys, so that nothing was built before.
    """
    shutil.rmtree(shared.cache / "runs", ignore_errors=True)
    shutil.rmtree(shared.prefix)
    clone(shared.root / "fresh", shared.prefix)
    return Toys(shared, tmp_path / "trace")
