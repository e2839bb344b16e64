"""Cases about many recipes: what 10,000 of them cost where 30 would do."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from peers import Peer

if TYPE_CHECKING:
    from cases import Aim, Case
    from lab import Lab

FEW, MANY = 30, 10_000

_RECIPE = """\
name: {name}
about:
  summary: Generated package {number} of a repository that is larger than any
  homepage: https://example.org/{name}
  license: BSD-3-Clause
source:
  pypi: {name}
versions:
  "2.0":
    python: ">=3.8"
    sha256: {sha256}
  "1.0":
    python: ">=3.6"
    sha256: {sha256}
requirements:
  virtual: [compiler, mpi]
  build: [setuptools, "cython >=3"]
options:
  exe: {{summary: a program as well}}
build:
  system: python
  env:
    CC: "${{{{ mpi.cc }}}}"
overrides:
  - when: {{option: exe}}
    build: {{env: {{WITH_EXE: "1"}}}}
tests:
  - imports: [{module}]
  - links: {{module: {module}.core, to: mpi}}
  - ranks: 2
    python: ranks.py
unproven: true
"""


def plan_among_many(lab: Lab) -> Case:
    """(e) the plan of one package, whatever else there is."""
    from cases import Aim, Case

    few, many = f"among {FEW}", f"among {MANY:,}"
    peers = tuple(
        _peer(lab, name, "plans one package", number, "plan", _name(7), "-p", str(lab.root / "planned"))
        for name, number in ((few, FEW), (many, MANY))
    )
    aims: dict[str, Aim] = {many: Aim(factor=1.2, of=few)}
    return Case(key="scale-plan", title="plan of one package", unit=few, peers=peers, aims=aims, runs=10,
                count=True)  # fmt: skip


def plan_with_channels(lab: Lab) -> Case:
    """(e) the plan of one package, whatever one's own and a shared channel hold."""
    from cases import Aim, Case

    few, many = f"channels of {FEW}", f"channels of {MANY:,}"
    peers = []
    for name, number in ((few, FEW), (many, MANY)):
        channels = [str(_filled(lab, number, which)) for which in ("own", "shared")]
        words = ("plan", _name(7), "-p", str(lab.root / "planned"), "--channel", channels[0])
        peer = _peer(lab, name, "plans one package, looks into two channels", FEW, *words)
        peers.append(replace(peer, env={**lab.env, "PYBUILD_SHARED_CHANNEL": channels[1]}))
    aims: dict[str, Aim] = {many: Aim(factor=1.2, of=few)}
    return Case(key="scale-channel", title="plan with full channels", unit=few, peers=tuple(peers), aims=aims,
                runs=10, count=True)  # fmt: skip


def everything(lab: Lab) -> Case:
    """(e) search, list and lint over everything, all of it remembered."""
    from cases import Aim, Case

    peers = [_unit(lab)]
    for number in (FEW, MANY):
        peers += [
            _peer(lab, f"search, {number:,}", "by name, --offline", number, "search", _name(7), "--offline"),
            _peer(lab, f"list, {number:,}", "names of all", number, "recipe", "list"),
            _peer(lab, f"lint, {number:,}", "all recipes and sites", number, "recipe", "lint"),
        ]
    aims = {f"search, {MANY:,}": Aim(seconds=0.15)}
    return Case(key="scale", title="over everything", unit=peers[0].name, peers=tuple(peers), aims=aims,
                runs=5, count=True)  # fmt: skip


def everything_cold(lab: Lab) -> Case:
    """(e) lint of what comes with pybuild, and the first search of all, with nothing remembered."""
    from cases import Case

    forget = partial(shutil.rmtree, lab.root / "cache" / "catalog", ignore_errors=True)
    peers = (
        _unit(lab),
        replace(_peer(lab, "lint, shipped", "recipes and sites", 0, "recipe", "lint"), reset=forget),
        replace(
            _peer(lab, f"search, {MANY:,}", "reads each once", MANY, "search", _name(7), "--offline"),
            reset=forget,
        ),
    )
    return Case(key="scale-cold", title="nothing remembered", unit=peers[0].name, peers=peers, aims={},
                count=True)  # fmt: skip


def _unit(lab: Lab) -> Peer:
    return Peer(name="python -c pass", does="pybuild's own Python, doing nothing",
                argv=(str(lab.python), "-c", "pass"), env=lab.env, cwd=lab.root)  # fmt: skip


def _peer(lab: Lab, name: str, does: str, number: int, *words: str) -> Peer:
    recipes = ("--recipes", str(_made(lab, number))) if number else ()
    argv = (lab.pybuild, *words, *recipes, "--site", "generic", "--cache", str(lab.root / "cache"))
    if "lint" in words:  # problems of recipes end with 3, which is no failure of the benchmark
        argv = ("/bin/sh", "-c", f"{shlex.join(argv)} || [ $? = 3 ]")
    return Peer(name=name, does=does, argv=argv, env=lab.env, cwd=lab.root)


def _filled(lab: Lab, number: int, which: str) -> Path:
    """Return a channel that holds so many packages, of no content, under names of no recipe."""
    root = lab.root / f"channel-{which}-{number}"
    if root.is_dir():
        return root
    folder = root.with_suffix(".part") / "linux-64" / ".pybuild"
    folder.mkdir(parents=True)
    rows = []
    for i in range(number):
        key = hashlib.sha256(f"{which} {i}".encode()).hexdigest()
        build = f"py311_generic_h{key[:12]}_0"
        rows.append(f"held-{i // 10:05}\t1.{i % 10}\t{build}\t{key[:12]}\t{key[12:24]}\t{key}\n")
        (folder.parent / f"held-{i // 10:05}-1.{i % 10}-{build}.conda").touch()
    (folder / "index").write_text("pybuild-channel 1\nsubdir linux-64\n\n" + "".join(sorted(rows)))
    root.with_suffix(".part").rename(root)
    return root


def _name(number: int) -> str:
    return f"generated-{number:05}"


def _made(lab: Lab, number: int) -> Path:
    """Return a folder with so many recipes; the names of the smaller one are in the larger one, too."""
    root = lab.root / f"recipes-{number}"
    if root.is_dir():
        return root
    lab.say(f"writing {number} recipes")
    part = root.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for i in range(number):
        name = _name(i)
        folder = part / name
        folder.mkdir(parents=True)
        text = _RECIPE.format(name=name, number=i, module=name.replace("-", "_"),
                              sha256=hashlib.sha256(name.encode()).hexdigest())  # fmt: skip
        (folder / "recipe.yaml").write_text(text)
        (folder / "ranks.py").write_text("")
    part.rename(root)
    time.sleep(3)  # what was changed a moment ago is not remembered
    return root
