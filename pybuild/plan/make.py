"""Make the plan: the pure middle of pybuild, from records to one value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pybuild.errors import PlanError
from pybuild.model.machine import ChannelPackage, Interpreter, Machine, PrefixState
from pybuild.model.plan import BuildPlan, PackagePlan, Plan, StageInterpreter
from pybuild.model.request import Request, Spec
from pybuild.plan.conflicts import demand_nothing_broken, demand_one_provider, demand_one_supplier
from pybuild.plan.context import Context
from pybuild.plan.foreign import foreign, offered
from pybuild.plan.held import find_held
from pybuild.plan.key import keys
from pybuild.plan.package import plan_package
from pybuild.plan.preferred import demand_as_preferred
from pybuild.plan.pythons import choose_python, demand_same_python
from pybuild.plan.resolve import Chosen, World, closure
from pybuild.plan.rules import demand_known
from pybuild.plan.upgrade import changeable, staying, told, unchanged, with_providers

PIP = Spec(text="pip", name="pip")


def make_plan(
    request: Request,
    world: World,
    *,
    held: tuple[ChannelPackage, ...],
    channel: str,
    notes: tuple[str, ...] = (),
) -> Plan:
    """Return everything that ``request`` will do.

    Args:
        held: what the channel already has.
        channel: absolute path of the channel.
        notes: sentences from loading (which site and why) that the plan should show first.

    Raises:
        PlanError: the request cannot be met.
    """
    demand_known(world.site, world.providers)
    if request.upgrade:
        return _upgrade(request, world, held, channel, notes)
    packages, python, base_notes, _ = _packages(request, world, held, _also(request, world))
    return _plan(request, world, packages, python, channel, (*notes, *base_notes))


def _upgrade(
    request: Request, world: World, held: tuple[ChannelPackage, ...], channel: str, notes: tuple[str, ...]
) -> Plan:
    """Return the plan in which nothing is made anew that would come out as it is.

    That is known only of a plan; what stays by one can let others stay by the next.
    """
    here = with_providers(world, request.upgrade)
    names = changeable(here)
    asked = {spec.name for spec in request.specs}
    also = tuple((Spec(text=name, name=name), "the prefix has it") for name in names if name not in asked)
    stay: frozenset[str] = frozenset()
    while True:
        renewed = [name for name in names if name not in stay]
        packages, python, _, chosen = _packages(request, here, held, also, renewed)
        more = unchanged(packages, here.state, request.upgrade)
        if not more:
            break
        stay |= more
    packages = told(packages, here.state)
    return _plan(request, world, packages, python, channel, (*notes, *staying(chosen)))


def _packages(
    request: Request,
    world: World,
    held: tuple[ChannelPackage, ...],
    also: tuple[tuple[Spec, str], ...],
    renewed: list[str] | None = None,
) -> tuple[list[PackagePlan], str, tuple[str, ...], tuple[Chosen, ...]]:
    """Return the packages, the Python's version, how that was chosen, and what was resolved."""

    @functools.cache
    def resolved(python: str) -> tuple[Chosen, ...]:
        rebuild = request.rebuild
        return tuple(closure(request.specs, world, python, also=also, rebuild=rebuild, renewed=renewed))

    base, python, base_notes = _base(request, world, resolved)
    chosen_here = resolved(python)
    built = {chosen.name for chosen in chosen_here if chosen.release is not None}
    packages = [package for package in _with_channel(base, held) if package.name not in built]
    packages += offered(chosen_here, world.machine, {package.name for package in packages})
    for chosen in chosen_here:
        if chosen.foreign is not None:
            continue
        context = Context(
            world=world, python=python, python_identity=_identity(python, packages, world.state),
            planned=tuple(packages), held=held, rebuild=request.rebuild,
        )  # fmt: skip
        packages.append(plan_package(chosen, context))
    return packages, python, base_notes, chosen_here


def _plan(
    request: Request,
    world: World,
    packages: list[PackagePlan],
    python: str,
    channel: str,
    notes: tuple[str, ...],
) -> Plan:
    _demand_sound(packages, world)
    offers_notes = (world.machine.offers_note,) if world.machine.offers_note else ()
    level, lowered = _level(request, world)
    return Plan(
        specs=tuple(spec.text for spec in request.specs),
        site=world.site.name,
        site_text=world.site.text,
        prefix=request.prefix,
        new_prefix=not world.state.exists,
        python=python,
        subdir=world.machine.subdir,
        packages=tuple(packages),
        channel=channel,
        verify=level,
        notes=(*notes, *offers_notes, *lowered),
        target=world.target.name if world.target else "",
        node=world.machine.node,
        compiler_cache=world.site.compiler_cache,
        **_limit(world),
    )


def _demand_sound(packages: list[PackagePlan], world: World) -> None:
    """Check that the prefix as a whole will be what was asked for, and works.

    Raises:
        PlanError: naming the packages that do not go together.
    """
    demand_as_preferred(packages, world)
    demand_one_provider(packages, world.state)
    demand_one_supplier(packages, world.state, world.recipes)
    demand_nothing_broken(packages, world.state)


def _also(request: Request, world: World) -> tuple[tuple[Spec, str], ...]:
    """Return what comes with the request, and why."""
    bare = not world.state.exists and not any(package.name == "pip" for package in world.machine.base)
    given = tuple((spec, "the lock has it") for spec in request.also)
    if not bare or any(spec.name == PIP.name for spec in request.also):
        return given
    return (*given, (PIP, "every new prefix has pip"))


def _limit(world: World) -> dict[str, Any]:
    """Return what limits the processes of builds on this kind of node, as fields of the plan."""
    limits = [dict(node.jobs) for node in world.site.nodes if node.kind == world.machine.node and node.jobs]
    return {
        key: value
        for limit in limits
        for key, value in (
            ("most_jobs", int(limit["most"])),
            ("most_jobs_why", f"{limit['reason']} ({limit['source']})"),
        )
    }


def _level(request: Request, world: World) -> tuple[str, tuple[str, ...]]:
    """Return the level to demand, and what to say where a login node cannot reach the site's own.

    Raises:
        PlanError: the user demands ranks on a node where MPI may not be started.
    """
    site, node = world.site, world.machine.node
    level = request.verify or site.verify
    if level != "ranked" or node != "login":
        return level, ()
    later = f"pybuild verify -p {request.prefix} --on compute"
    if request.verify:
        raise PlanError(
            f"--verify ranked starts ranks, and this is a login node of {site.name}, where none may start",
            hint=f"install with --verify imported, then {later}",
        )
    return "imported", (f"no ranks are started on this login node; to prove them: {later} (or --submit)",)


def _base(
    request: Request, world: World, attempt: Callable[[str], object]
) -> tuple[tuple[PackagePlan, ...], str, tuple[str, ...]]:
    """Return the packages under everything else, the Python's version, and how it was chosen.

    Args:
        attempt: resolves the request for a Python, or fails.

    Raises:
        PlanError: the prefix has another Python than was asked for, or none of the machine's serves.
    """
    machine = world.machine
    demand_same_python(request.python, world.state, machine)
    if world.state.python is not None:
        return (), world.state.python, ()
    if machine.base:
        packages = tuple(foreign(package, (machine.base_note,)) for package in machine.base)
        python = next(p.version for p in machine.base if p.name == "python")
        return packages, python, (machine.base_note,)
    interpreter, passed = choose_python(machine, request.python, request.specs, world.recipes, attempt)
    notes = (machine.base_note,) if machine.base_note else ()
    origin = f"Python {interpreter.version} of the new prefix comes from {interpreter.path}"
    return (_host_python(interpreter, machine),), interpreter.version, (*notes, origin, *passed)


def _host_python(interpreter: Interpreter, machine: Machine) -> PackagePlan:
    inputs = {"name": "python", "interpreter": interpreter.identity, "subdir": machine.subdir}
    key, loose, text = keys(inputs)
    build = BuildPlan(
        python=interpreter.version, new_python=True, host=(), environment=(),
        steps=(StageInterpreter(interpreter=interpreter.path),), inputs=text,
    )  # fmt: skip
    return PackagePlan(
        name="python", version=interpreter.version, build_string=f"host_h{key}_0", key=key, loose_key=loose,
        action="build", change="new", requested=False, build=build, why=("every new prefix has a Python",),
        summary=f"Python of this machine ({interpreter.path}) as a conda package",
        homepage="https://www.python.org", license="PSF-2.0",
    )  # fmt: skip


def _with_channel(packages: Iterable[PackagePlan], held: tuple[ChannelPackage, ...]) -> Iterable[PackagePlan]:
    for package in packages:
        found = None
        if package.action == "build":
            found = find_held(held, package.name, package.version, key=package.key, loose_key=None)
        if found is None:
            yield package
        else:
            yield replace(package, action="channel", file=found.file, sha256=found.sha256)


def _identity(python: str, packages: list[PackagePlan], state: PrefixState) -> str:
    for package in packages:
        if package.name == "python":
            return f"{package.version} {package.build_string}"
    for installed in state.packages:
        if installed.name == "python":
            return f"{installed.version} {installed.build}"
    return python
