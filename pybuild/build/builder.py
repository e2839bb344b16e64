"""Build one package of a plan: from fetched files to a package in the channel."""

from __future__ import annotations

import errno
import resource
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pybuild.build.budget import JOBS, Budget
from pybuild.build.compiler_cache import served, with_cache
from pybuild.build.conda_package import Metadata, pack
from pybuild.build.finish import settle, write_share
from pybuild.build.log import open_log
from pybuild.build.stage import Stage, make_stage
from pybuild.build.steps import Workbench, run_step
from pybuild.channel import folder as channels
from pybuild.conda.transaction import link
from pybuild.errors import BuildError, ChannelError, PybuildError
from pybuild.files import sha256_of
from pybuild.locks import held
from pybuild.model.machine import ChannelPackage
from pybuild.model.modules import ModulePlan
from pybuild.model.plan import BuildPlan, PackagePlan, Plan, Run, Step
from pybuild.plan.environment import applied
from pybuild.plan.templates import late


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where builds happen.

    Attributes:
        cache: folder of fetched files, unpacked packages, stages and logs.
        jobs: processes that one build may use.
        stages: folder of build folders, None for the cache's own.
        fifo: named pipe of the jobserver that builds share, ``""`` where there is none.
        files: path of each fetched file by its sha256.
        on_phase: told (package, phase) for progress.
        on_line: told each line that a command prints.
        on_log: told the path of a build's log.
        environment: makes the environment that a plan's modules give.
    """

    cache: Path
    jobs: int
    files: Mapping[str, Path]
    on_phase: Callable[[str, str], None]
    on_line: Callable[[str], None]
    on_log: Callable[[str], None]
    environment: Callable[[ModulePlan], Mapping[str, str]]
    fifo: str = ""
    stages: Path | None = None


def build_package(
    package: PackagePlan, plan: Plan, shop: Workshop, packages: Mapping[str, ChannelPackage]
) -> ChannelPackage:
    """Build ``package`` and return it as the channel holds it; if it is there by now, only return it.

    Args:
        packages: the plan's packages that are already in the channel, by name, for the host prefix.

    Raises:
        BuildError: with the log's path and last lines; the stage is kept.
        VerificationError: the result does not link as it must; it never reaches the channel.
        ChannelError: the channel cannot be written.
    """
    channels.demand_writable(plan.channel, plan.subdir)
    lock = Path(plan.channel, plan.subdir, ".pybuild", f"{package.name}-{package.key}.lock")

    def waiting(owner: str) -> None:
        shop.on_phase(package.name, f"waits: {owner} is building it")

    with ExitStack() as stack:
        try:
            stack.enter_context(held(lock, waiting=waiting))
        except OSError as error:
            raise channels.unwritable(plan.channel, error.strerror or str(error)) from error
        found = channels.find_one(
            plan.channel, plan.subdir, package.name, package.version, package.build_string
        )
        return found or _build(package, plan, shop, packages)


def _build(
    package: PackagePlan, plan: Plan, shop: Workshop, packages: Mapping[str, ChannelPackage]
) -> ChannelPackage:
    stage = make_stage(shop.stages or shop.cache / "stage", f"{package.name}-{package.version}")
    try:
        made = _in_stage(stage, package, plan, shop, packages)
    except PybuildError:
        raise  # the stage is kept, to be looked at
    except BaseException:
        shutil.rmtree(stage.root, ignore_errors=True)
        raise
    shutil.rmtree(stage.root, ignore_errors=True)
    return made


def _in_stage(
    stage: Stage,
    package: PackagePlan,
    plan: Plan,
    shop: Workshop,
    packages: Mapping[str, ChannelPackage],
) -> ChannelPackage:
    assert package.build is not None
    started = time.time()
    with open_log(shop.cache / "logs", package) as log:
        shop.on_log(log.name)
        bench = _workbench(package.build, stage, shop, plan, log)
        try:
            _host(package.build, stage, shop, packages, bench)
            spent = _steps(package.build.steps, package.name, shop, bench)
            cached = served(stage.root)
            if cached is not None:
                log.write(f"# {cached}\n".encode())
            shop.on_phase(package.name, "link check")
            libraries = settle(package, plan, stage, bench)
            shop.on_phase(package.name, "pack")
            write_share(package, plan, stage, {**spent, "libraries": libraries}, log.name)
            return _pack(package, plan, stage, int(started * 1000))
        except PybuildError as error:
            raise _explained(error, package, plan, bench, Path(log.name)) from error


def _workbench(build: BuildPlan, stage: Stage, shop: Workshop, plan: Plan, log: IO[bytes]) -> Workbench:
    prefix_python = f"{stage.host if build.new_python else plan.prefix}/bin/python"
    tokens = {
        "prefix": plan.prefix,
        "host": str(stage.host),
        "python": prefix_python,
        "source": str(stage.source),
        "overlay": str(stage.overlay),
        "staging": str(stage.staging),
        "dist": str(stage.dist),
        "jobs": str(shop.jobs),
    }
    base = {"TMPDIR": str(stage.root / "tmp")}
    if build.modules is not None:
        loaded = shop.environment(build.modules)
        tokens |= {f"env.{name}": value for name, value in loaded.items()}
        base = {**loaded, **base}
    environment = applied(build.environment, base)
    where = _shared_by_builds(environment, build)
    counted = {name: text for name, text in environment.items() if JOBS in text}
    environment = {name: late(value, tokens) for name, value in environment.items()}
    home = shop.cache / "compiler-cache"
    environment = with_cache(environment, plan.compiler_cache, stage=stage.root, home=home, where=where)
    return Workbench(
        stage=stage, python=build.python, tokens=tokens, environment=environment,
        files=shop.files, log=log, on_line=shop.on_line,
        budget=Budget(jobs=shop.jobs, fifo=shop.fifo, counted=counted),
    )  # fmt: skip


def _shared_by_builds(environment: Mapping[str, str], build: BuildPlan) -> str:
    """Return the environment as text without what differs from one build of the same to the next.

    What the key says of compiler, providers and modules stands in it too: a wrapper's own file does not
    change with the compiler behind it.
    """
    import json

    inputs = json.loads(build.inputs)
    rows = [f"{name}={value}" for name, value in sorted(environment.items()) if name != "TMPDIR"]
    rows += [json.dumps(inputs.get(name)) for name in ("compiler", "providers", "modules")]
    return "\0".join(rows)


def _host(
    build: BuildPlan, stage: Stage, shop: Workshop, packages: Mapping[str, ChannelPackage], bench: Workbench
) -> None:
    if build.host:
        files = [(packages[name].file, packages[name].sha256) for name in build.host]
        bench.log.write(f"# host prefix: {', '.join(build.host)}\n".encode())
        beside = None if build.new_python else Path(bench.tokens["prefix"])
        link(files, stage.host, cache=shop.cache / "packages", beside=beside)


def _steps(
    steps: tuple[Step, ...], name: str, shop: Workshop, bench: Workbench
) -> dict[str, dict[str, float]]:
    """Carry out the steps and return how long each took: seconds on the clock, and of processors."""
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    for step in steps:
        phase = step.name if isinstance(step, Run) else step.kind
        shop.on_phase(name, phase)
        started, spent = time.monotonic(), _spent()
        run_step(step, bench)
        seconds[phase] = round(time.monotonic() - started, 3)
        processor[phase] = round(_spent() - spent, 3)
    return {"seconds": seconds, "processor": processor}


def _spent() -> float:
    """Return the processor seconds of the commands that have ended, with all that they started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _pack(package: PackagePlan, plan: Plan, stage: Stage, timestamp: int) -> ChannelPackage:
    metadata = Metadata(
        name=package.name, version=package.version, build=package.build_string, subdir=plan.subdir,
        depends=package.depends, summary=package.summary, homepage=package.homepage, license=package.license,
        timestamp=timestamp,
    )  # fmt: skip
    # Packed beside its final place, so that putting it there is one rename.
    folder = Path(plan.channel, plan.subdir, ".pybuild")
    try:
        beside = folder / f"{stage.root.name}.packing"
        beside.mkdir()
        file = pack(stage.staging, metadata, placeholder=str(stage.host), target=beside)
        sha256 = sha256_of(file)
        made = channels.put(
            plan.channel,
            plan.subdir,
            ChannelPackage(
                name=package.name, version=package.version, build=package.build_string, key=package.key,
                loose_key=package.loose_key, file=str(file), sha256=sha256,
            ),
        )  # fmt: skip
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise ChannelError(
            f"{error.filename or folder}: {(error.strerror or str(error)).lower()}",
            hint="make room, then run the same again" if full else None,
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def _explained(
    error: PybuildError, package: PackagePlan, plan: Plan, bench: Workbench, log: Path
) -> PybuildError:
    """Keep the stage; give a failure its log, last relevant lines, and a script that reopens the stage."""
    from pybuild.build.kept import keep
    from pybuild.build.log import relevant_lines

    bench.log.flush()
    try:
        script = keep(bench.stage, bench.environment, package, plan.prefix, error, log)
    except OSError:  # a full disk, most often; the failure itself says more than that
        shutil.rmtree(bench.stage.root, ignore_errors=True)
        return error
    if not isinstance(error, BuildError):
        error.hint = error.hint or f"bash {script}"
        return error
    return BuildError(
        f"{package.name} {package.version}: {error.message}",
        hint=f"bash {script}",
        log=str(log),
        tail=relevant_lines(log),
        reopen=str(script),
    )
