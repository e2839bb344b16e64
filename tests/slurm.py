"""A Slurm of one node or some on loopback: this machine's munged, slurmctld, slurmd, and nothing in ``/etc``.

The nodes that jobs run on have host names of their own (``nid00001``), because slurmd runs in a name space;
the shell that asks for jobs keeps the machine's name and is the login node.
Every file, socket, port and key is below one temporary folder, so several of these can run at once.
"""

from __future__ import annotations

import os
import platform
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NODE = "nid00001"
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "salloc", "sbatch", "sinfo", "squeue", "scancel")
_CHANCE = random.SystemRandom()  # two sessions beside each other never choose alike
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NODE = "NodeName={node} NodeHostname={node} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=1000"

# A busy machine answers late: nobody gives up before MessageTimeout, KillWait or SlurmdTimeout.
# A job that lost its node begins again once its credentials have run out: cred_expire.
_CONFIGURATION = """\
ClusterName=box
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={expiry}
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/s/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=pmi2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
InactiveLimit=0
KillWait=30
MessageTimeout=60
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
SlurmdTimeout=300
{nodes}
PartitionName=debug Nodes=ALL Default=YES MaxTime=30 OverSubscribe=EXCLUSIVE State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A Slurm that runs.

    Attributes:
        folder: holds its configuration, sockets, state and logs.
        environment: what a program needs to talk to it, beside a PATH.
        node: host name of its first compute node.
        servers: its processes: ``munged``, ``slurmctld``, and one for each node by its name.
    """

    folder: Path
    environment: dict[str, str]
    node: str = NODE
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, *argv: str) -> str:
        """Run one of Slurm's commands and return what it prints.

        Raises:
            AssertionError: it fails.
        """
        done = self.tried(*argv)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr}"
        return done.stdout

    def tried(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run one of Slurm's commands and return how it ended."""
        environment = {"PATH": SEARCH, **self.environment}
        return subprocess.run(
            argv, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False
        )

    def wait(self, job: str, seconds: float = 300) -> None:
        """Wait until a job has left the queue.

        Raises:
            TimeoutError: it is still there.
        """
        self.until(lambda: job not in self.run("squeue", "-h", "-o", "%i").split(), f"job {job}", seconds)

    def wait_for_idle(self, seconds: float = 300) -> None:
        """Wait until the node takes jobs.

        Raises:
            TimeoutError: it does not, and the logs' last lines say why.
        """
        self.until(
            lambda: set(self.tried("sinfo", "-h", "-N", "-o", "%T").stdout.split()) == {"idle"},
            "the nodes",
            seconds,
        )

    def until(self, holds: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: it does not in time; the logs' last lines say why.
            ChildProcessError: the controller, without which nothing will ever hold, has ended.
        """
        end = time.monotonic() + seconds
        controller = self.servers.get("slurmctld")
        while not holds():
            if controller is not None and controller.poll() is not None:
                raise ChildProcessError(f"slurmctld has ended\n{self._last_words('slurmctld')}")
            if time.monotonic() > end:
                raise TimeoutError(f"{what} is not ready after {seconds} s\n{self._last_words('*')}")
            time.sleep(0.1)

    def _last_words(self, server: str) -> str:
        logs = sorted(self.folder.glob(f"{server}.log"))
        return "".join(f"{path.name}:\n{path.read_text()[-2000:]}\n" for path in logs)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Start a Slurm for the session, and leave no process of it."""
    demanded()
    # Paths of Unix sockets have at most 107 characters, which a test's own folder may not leave.
    folder = tmp_path_factory.mktemp("slurm")
    with ExitStack() as stack:
        yield start(folder, stack)


def demanded() -> None:
    """Skip the test where no Slurm can be started."""
    if os.geteuid() != 0:
        pytest.skip("starting a Slurm takes root")
    missing = [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge")


def start(folder: Path, stack: ExitStack, count: int = 1, expiry: int = 120, more: str = "") -> Slurm:
    """Start the servers below ``folder``; ``stack`` ends them.

    Args:
        count: number of nodes.
        expiry: seconds after which a job that lost its node may begin again.
        more: lines for its configuration file, in place of those with the same keys.

    Raises:
        TimeoutError: one of them does not get ready.
    """
    found = Slurm(folder=folder, environment={"SLURM_CONF": str(folder / "slurm.conf")})
    nodes = [f"nid{number:05d}" for number in range(1, count + 1)]
    _configure(folder, nodes, expiry, more)
    stack.callback(_end_all, found)
    munge = ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("log", "pid", "seed")]
    _serve(found, stack, "munged", *munge, f"--socket={folder}/munge.socket")
    found.until((folder / "munge.socket").exists, "munged", 60)
    _serve(found, stack, "slurmctld", "slurmctld", "-D")
    for node in nodes:
        begin_node(found, stack, node)
    found.wait_for_idle()
    return found


def begin_node(slurm: Slurm, stack: ExitStack, node: str) -> None:
    """Start a node, for the first time or again."""
    named = f"hostname {node} && exec slurmd -D -N {node}"
    _serve(slurm, stack, node, "unshare", "--uts", "sh", "-c", named)


def _configure(folder: Path, nodes: list[str], expiry: int, more: str) -> None:
    for name in ("state", "s"):  # short: sockets of job steps lie below, of 107 characters at most
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    ctld, *ports = _free_ports(1 + len(nodes))
    rows = [_NODE.format(node=node, port=port) for node, port in zip(nodes, ports, strict=True)]
    text = _CONFIGURATION.format(
        host=platform.node(), nodes="\n".join(rows), folder=folder, ctld=ctld, expiry=expiry
    )
    keys = {line.partition("=")[0] for line in more.splitlines()}
    kept = [line for line in text.splitlines(keepends=True) if line.partition("=")[0] not in keys]
    (folder / "slurm.conf").write_text("".join(kept) + more)


def _free_ports(count: int) -> list[int]:
    """Choose ports that the kernel lends to nobody: between now and their use, a client could get one."""
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    kept = [port for port in range(10_000, 65_536) if not first <= port <= last]
    chosen = kept if len(kept) > 1000 else range(10_000, 65_536)  # where nearly all are lent, luck must do
    found: list[int] = []
    while len(found) < count:
        port = _CHANCE.choice(chosen)
        with closing(socket.socket()) as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def _serve(slurm: Slurm, stack: ExitStack, name: str, *argv: str) -> None:
    """Start a server in the foreground, its words in a file; the stack ends it."""
    log = stack.enter_context((slurm.folder / f"{name}.out.log").open("ab"))
    environment = {"PATH": SEARCH, **slurm.environment}
    # A test session that is killed takes its servers along.
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *argv], env=environment, cwd=slurm.folder,
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    slurm.servers[name] = child
    stack.callback(_end, child)


def _end(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=5)
            return


def processes_of(slurm: Slurm) -> list[int]:
    """Return the processes that were started with this Slurm's own configuration file, servers and jobs."""
    mark = f"SLURM_CONF={slurm.environment['SLURM_CONF']}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def _end_all(slurm: Slurm) -> None:
    """End what the servers left behind: daemons of steps, and programs that jobs started."""
    end = time.monotonic() + 10
    while (left := processes_of(slurm)) and time.monotonic() < end:
        for number in left:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.05)


def lose(slurm: Slurm, node: str) -> None:
    """Kill a node, its daemon and everything that lives in its name space, and let Slurm know at once.

    It would find out by itself after SlurmdTimeout; one that is short takes busy nodes for lost ones.
    """
    home = Path(f"/proc/{slurm.servers[node].pid}/ns/uts").readlink()
    for number in processes_of(slurm):
        with suppress(OSError):
            if Path(f"/proc/{number}/ns/uts").readlink() == home:
                os.kill(number, signal.SIGKILL)
    slurm.run("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")
