"""The work that is measured, who does it, and what is aimed at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cray
import levels
import mpi_io
import scale
import stack
from easybuild import EasyBuild
from lab import Lab
from measure import BenchmarkError
from peers import Peer

PYBUILD = "pybuild"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """pybuild may take ``factor`` times as long as the row ``of``, and no more than some seconds.

    Attributes:
        factor: 0 where only the seconds count.
        seconds: 0 where only the factor counts.
    """

    factor: float = 0.0
    of: str = ""
    seconds: float = 0.0

    def limit(self, medians: Mapping[str, float]) -> float:
        """Return the seconds that are aimed at, from those of all rows."""
        limits = [self.factor * medians[self.of]] if self.factor else []
        return min([*limits, self.seconds] if self.seconds else limits)

    def __str__(self) -> str:
        words = [f"{self.factor:g} x {self.of}"] if self.factor else []
        return "≤ " + ", ".join([*words, f"{self.seconds:g} s"] if self.seconds else words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of work.

    Attributes:
        key: name for ``--only``.
        unit: name of the peer that the ratios refer to.
        aims: by name of the peer that has one.
        runs: rounds for each one that ``--runs`` asks for: short commands need many.
        most: never more rounds than this.
        absent: peers that could not be had, and why.
        floors: rows that are computed after the runs: (name, what it is), seconds.
    """

    key: str
    title: str
    unit: str
    peers: tuple[Peer, ...]
    aims: dict[str, Aim]
    runs: int = 1
    most: int = 1000
    warm: bool = True
    count: bool = False
    absent: list[str] = field(default_factory=list)
    floors: dict[tuple[str, str], Callable[[], float]] = field(default_factory=dict)


def build_warm(lab: Lab) -> Case:
    """(a) mpi4py from source, with a warm compiler cache: what remains is what a tool adds."""
    if not lab.has_ccache:
        raise BenchmarkError("ccache is not installed, so nothing can be said about a warm one")
    return _build(lab, "build", "mpi4py from source, warm compiler cache", lab.cached_env, Aim(
        factor=1.08, of="bare"))  # fmt: skip


def build_cold(lab: Lab) -> Case:
    """(a) mpi4py from source with the real compile."""
    env = {**lab.cached_env, "CCACHE_DISABLE": "1"} if lab.has_ccache else lab.env
    case = _build(lab, "build-cold", "mpi4py from source, real compile", env, Aim(factor=1.01, of="bare"))
    return Case(key=case.key, title=case.title, unit=case.unit, peers=case.peers, aims=case.aims,
                absent=case.absent, most=1, warm=False)  # fmt: skip


def no_op(lab: Lab) -> Case:
    """(b) installing what is installed."""
    prefix = lab.satisfied
    name = lab.spec.partition("==")[0]
    install = (lab.pybuild, "install", name, "-y", "-p", str(prefix))
    peers = [
        _unit(lab),
        _peer(lab, PYBUILD, "reads its note about the package", *install),
        _peer(lab, "pybuild, with a version", "the same, and compares versions",
              lab.pybuild, "install", f"{name}>=4", *install[3:]),
        _peer(lab, "pip", "reads the metadata of the prefix",
              f"{prefix}/bin/python", "-m", "pip", "install", name),
        _peer(lab, "uv", "reads the metadata of the prefix",
              lab.uv, "pip", "install", "--python", f"{prefix}/bin/python", name),
    ]  # fmt: skip
    absent: list[str] = []
    for easybuild in _easybuild(lab, absent):
        peers.append(Peer(name="EasyBuild", does="asks the module tool for the module", argv=easybuild.argv(),
                          env=easybuild.env(lab.env), cwd=lab.root))  # fmt: skip
    aims = {peer.name: Aim(factor=5, of="python -c pass") for peer in peers if peer.name.startswith(PYBUILD)}
    return Case(key="no-op", title="install again, nothing to do", unit="python -c pass", peers=tuple(peers),
                aims=aims, runs=10, count=True, absent=absent)  # fmt: skip


def new_prefix(lab: Lab) -> Case:
    """(c) from the channel or the cache of wheels into a new environment."""
    new, venv = lab.root / "new", lab.root / "new-venv"
    _ = lab.satisfied
    install = (lab.pybuild, "install", lab.spec, "-y", "-p", str(new), "--python", str(lab.base_python),
               *lab.pybuild_options())  # fmt: skip
    links = ("--no-index", "--find-links", str(lab.wheels), lab.spec, "mpich")
    python = f"{venv}/bin/python"
    peers = (
        _shell(lab, "uv", "venv with links to the machine's Python; mpi4py, mpich; no pip; no check",
               (lab.uv, "venv", "--offline", "-p", str(lab.base_python), str(venv)),
               (lab.uv, "pip", "install", "--offline", "--python", python, *links), away=venv),
        _shell(lab, "pip", "venv with links to the machine's Python, pip; mpi4py, mpich; no check",
               (str(lab.base_python), "-m", "venv", str(venv)),
               (python, "-m", "pip", "install", "--disable-pip-version-check", *links), away=venv),
        Peer(name=f"{PYBUILD} --verify built", does="conda prefix with a Python of its own, pip, mpi4py, "
             "mpich; history, pins, lock, journal; no check",
             argv=(*install, "--verify", "built"), env=lab.env, cwd=lab.root, reset=partial(_remove, new)),
        Peer(name=f"{PYBUILD} --verify linked", does="the same, and every ELF file resolved",
             argv=(*install, "--verify", "linked"), env=lab.env, cwd=lab.root, reset=partial(_remove, new)),
        Peer(name=PYBUILD, does="the same, imported, and two ranks under mpiexec", argv=install, env=lab.env,
             cwd=lab.root, reset=partial(_remove, new)),
    )  # fmt: skip
    aims = {peer.name: Aim(factor=1.5, of="uv") for peer in peers if peer.name.startswith(PYBUILD)}
    return Case(key="new-prefix", title="from the channel into a new prefix", unit="uv", peers=peers,
                aims=aims, runs=2, count=True)  # fmt: skip


def existing_prefix(lab: Lab) -> Case:
    """(c) the same with the environment made before: what installing alone costs."""
    base, target, venv = lab.prefix, lab.root / "copy", lab.root / "copy-venv"
    lab.run("copy-venv", (lab.uv, "venv", "--clear", "-p", str(lab.base_python), str(venv)))
    name = lab.spec.partition("==")[0]
    _ = lab.satisfied
    options = ("-y", "-p", str(target), *lab.pybuild_options())
    if not target.exists():
        lab.run("copy", (lab.pybuild, "install", "mpich", "--python", str(lab.base_python), *options),
                lab.build_env)  # fmt: skip
    install = (lab.pybuild, "install", lab.spec, *options)

    def forget() -> None:
        if list((target / "conda-meta").glob(f"{name}-*.json")):
            lab.run("forget", (lab.pybuild, "uninstall", name, *options))

    def forget_wheel() -> None:
        lab.run("forget-wheel", (lab.uv, "pip", "uninstall", "--python", f"{venv}/bin/python", name))

    wheel = (lab.uv, "pip", "install", "--offline", "--no-index", "--find-links", str(lab.wheels), "--python",
             f"{venv}/bin/python", lab.spec)  # fmt: skip
    peers = (
        Peer(name="uv", does="links the wheel's files", argv=wheel, env=lab.env, cwd=base,
             reset=forget_wheel),
        Peer(name=f"{PYBUILD} --verify built", does="conda transaction; no check",
             argv=(*install, "--verify", "built"), env=lab.env, cwd=base, reset=forget),
        Peer(name=PYBUILD, does="conda transaction; linked, imported, two ranks under mpiexec", argv=install,
             env=lab.env, cwd=base, reset=forget),
    )  # fmt: skip
    aims = {peer.name: Aim(factor=1.5, of="uv") for peer in peers if peer.name.startswith(PYBUILD)}
    return Case(key="old-prefix", title="from the channel into an existing prefix", unit="uv", peers=peers,
                aims=aims, runs=2, count=True)  # fmt: skip


def short_commands(lab: Lab) -> Case:
    """(d) commands that only say something."""
    prefix = str(lab.satisfied)
    peers = (
        _unit(lab),
        _peer(lab, "pybuild --version", "", lab.pybuild, "--version"),
        _peer(lab, "pybuild --help", "", lab.pybuild, "--help"),
        _peer(lab, "pybuild list", "", lab.pybuild, "list", "-p", prefix),
        _peer(lab, "pip --version", "", f"{prefix}/bin/python", "-m", "pip", "--version"),
        _peer(lab, "uv --version", "", lab.uv, "--version"),
    )
    aims = {peer.name: Aim(factor=5, of="python -c pass") for peer in peers if peer.name.startswith(PYBUILD)}
    return Case(key="short", title="short commands", unit="python -c pass", peers=peers, aims=aims, runs=10,
                count=True)  # fmt: skip


CASES: dict[str, Callable[[Lab], Case]] = {
    "no-op": no_op,
    "short": short_commands,
    "new-prefix": new_prefix,
    "old-prefix": existing_prefix,
    "build": build_warm,
    "build-cold": build_cold,
    "h5py": mpi_io.h5py_from_source,
    "channel": mpi_io.from_channel,
    "stack": stack.stack_from_source,
    "levels": levels.compiled,
    "levels-latency": levels.latency,
    "levels-bandwidth": levels.bandwidth,
    "plan-cori": cray.plan_at_cori,
    "scale": scale.everything,
    "scale-plan": scale.plan_among_many,
    "scale-channel": scale.plan_with_channels,
    "scale-cold": scale.everything_cold,
}


def _build(lab: Lab, key: str, title: str, env: dict[str, str], aim: Aim) -> Case:
    work, prefix = lab.root / "by-hand", lab.prefix
    by_hand = lab.compile_env(env)
    unpack = ("tar", "-xf", str(lab.source), "-C", str(work), "--strip-components=1")
    target = ("--no-deps", "--no-build-isolation", "--target", str(work / "target"), str(lab.source))
    channel = lab.root / "channel-run"
    options = lab.pybuild_options(channel, "bench" if key == "build" else "cold")

    def forget() -> None:
        if list((prefix / "conda-meta").glob("mpi4py-*.json")):
            lab.run("forget", (lab.pybuild, "uninstall", "mpi4py", "-y", "-p", str(prefix), *options))
        _remove(channel)
        shutil.copytree(lab.base_channel, channel)

    install = (lab.pybuild, "install", lab.spec, "-y", "-p", str(prefix), *options)
    fresh = partial(_fresh, work)
    peers = [
        Peer(name="bare", does="unpack, setup.py build", argv=as_script(
            unpack, ("cd", str(work)), (f"{prefix}/bin/python", "setup.py", "build")),
            env=by_hand, cwd=lab.root, reset=fresh),
        Peer(name="pip", does="builds a wheel, installs it; no isolation", argv=(
            f"{prefix}/bin/python", "-m", "pip", "install", "--no-index", "--no-cache-dir", *target),
            env=by_hand, cwd=lab.root, reset=fresh),
        Peer(name="uv", does="builds a wheel, installs it; no isolation", argv=(
            lab.uv, "pip", "install", "--offline", "--no-cache", "--python", f"{prefix}/bin/python", *target),
            env=by_hand, cwd=lab.root, reset=fresh),
        Peer(name=f"{PYBUILD} --verify built", does="plans, builds a wheel, checks its links, byte code, "
             "packs, indexes the channel, conda transaction", argv=(*install, "--verify", "built"), env=env,
             cwd=lab.root, reset=forget),
        Peer(name=PYBUILD, does="the same; imports it, two ranks under mpiexec", argv=install, env=env,
             cwd=lab.root, reset=forget),
    ]  # fmt: skip
    absent: list[str] = []
    for easybuild in _easybuild(lab, absent):
        peers.append(Peer(name="EasyBuild", does="pip install, sanity check with an import, module",
                          argv=easybuild.argv(), env=easybuild.env(env), cwd=lab.root,
                          reset=easybuild.forget))  # fmt: skip
    aims = {peer.name: aim for peer in peers if peer.name.startswith(PYBUILD)}
    return Case(key=key, title=title, unit="bare", peers=tuple(peers), aims=aims, absent=absent, most=5)


def _easybuild(lab: Lab, absent: list[str]) -> Iterator[EasyBuild]:
    """Yield EasyBuild, with mpi4py installed by it, if that can be had; else note why not."""
    try:
        found = EasyBuild(lab)
        found.install()
    except BenchmarkError as error:
        absent.append(f"EasyBuild: {str(error).splitlines()[-1].strip()}")
    else:
        yield found


def _unit(lab: Lab) -> Peer:
    return _peer(lab, "python -c pass", "pybuild's own Python, doing nothing", str(lab.python), "-c", "pass")


def _peer(lab: Lab, name: str, does: str, *argv: str) -> Peer:
    return Peer(name=name, does=does, argv=argv, env=lab.env, cwd=lab.root)


def _shell(lab: Lab, name: str, does: str, *commands: tuple[str, ...], away: Path) -> Peer:
    argv = as_script(*commands)
    return Peer(name=name, does=does, argv=argv, env=lab.env, cwd=lab.root, reset=partial(_remove, away))


def as_script(*commands: tuple[str, ...]) -> tuple[str, ...]:
    """Return argv of a shell that runs commands one after the other, and stops at the first that fails."""
    import shlex

    return ("/bin/sh", "-ec", "; ".join(shlex.join(command) for command in commands))


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _fresh(path: Path) -> None:
    _remove(path)
    path.mkdir(parents=True)
