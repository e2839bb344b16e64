"""Plan one package of the closure: environment, steps, key, and whether the channel already has it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from packaging.version import InvalidVersion, Version

from pybuild.errors import PlanError
from pybuild.model.machine import ChannelPackage, Installed
from pybuild.model.plan import BuildPlan, Change, Edit, PackagePlan, Step
from pybuild.model.recipe import Check
from pybuild.plan.checks import planned_checks
from pybuild.plan.effective import Effective
from pybuild.plan.environment import build_environment
from pybuild.plan.held import find_held, next_number
from pybuild.plan.key import keys
from pybuild.plan.providers import Bound
from pybuild.plan.resolve import Chosen, World
from pybuild.plan.systems import SYSTEMS, Material
from pybuild.plan.templates import fill_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What planning one package may look at.

    Attributes:
        python: full version; ``python_identity`` also names its build.
        planned: the packages before this one.
        held: what the channel has.
        rebuild: what was asked for is built again, under the next build number.
    """

    world: World
    python: str
    python_identity: str
    planned: tuple[PackagePlan, ...]
    held: tuple[ChannelPackage, ...]
    rebuild: bool = False


def plan_package(chosen: Chosen, context: Context) -> PackagePlan:
    """Return what happens to one package.

    Raises:
        PlanError: a template names an unknown field, or there is nothing to build it with.
    """
    if chosen.keep is not None:
        return _kept(chosen, chosen.keep)
    assert chosen.effective is not None
    assert chosen.release is not None
    bound = tuple(_identified(b, context) for b in chosen.bound)
    build, key, loose = _build(chosen, chosen.effective, bound, context)
    version = chosen.release.version
    lacking = next((b for b in bound if b.lacking), None)
    found = None
    rebuild = context.rebuild and chosen.requested
    if not rebuild:
        found = find_held(context.held, chosen.name, version, key=key, loose_key=loose if lacking else None)
    if found is None and lacking is not None:
        raise PlanError(lacking.lacking, hint=lacking.hint)
    change, was = _change(chosen.name, version, context.world.state.packages)
    short = "".join(context.python.split(".")[:2])
    number = next_number(_builds(chosen.name, context), key) if rebuild else 0
    return PackagePlan(
        name=chosen.name,
        version=version,
        build_string=found.build if found else f"py{short}_{_word(context.world.site.name)}_h{key}_{number}",
        key=found.key if found else key,
        loose_key=loose,
        action="channel" if found else "build",
        change=change,
        requested=chosen.requested,
        was=was,
        options=chosen.options,
        depends=_depends(chosen, context),
        file=found.file if found else None,
        sha256=found.sha256 if found else None,
        why=chosen.why,
        build=build,
        checks=planned_checks(chosen.name, chosen.effective.tests, _fields(bound), context.world.site),
        identity=tuple((b.virtual, b.identity) for b in bound),
        files=_scripts(chosen.effective.tests),
        absent=chosen.recipe.absent,
        directory=chosen.recipe.directory,
        recipe_text=chosen.recipe.text,
        summary=chosen.recipe.about.summary,
        homepage=chosen.recipe.about.homepage,
        license=chosen.recipe.about.license,
        unproven=chosen.recipe.unproven,
    )


def _builds(name: str, context: Context) -> list[str]:
    """Return the build strings that the channel and the prefix have of a package of ours."""
    mine = [p.build for p in context.world.state.packages if p.name == name and p.key is not None]
    return mine + [p.build for p in context.held if p.name == name]


def _kept(chosen: Chosen, package: Installed) -> PackagePlan:
    return PackagePlan(
        name=package.name, version=package.version, build_string=package.build, key=package.key or "",
        loose_key="", action="keep", change="none", requested=chosen.requested, options=package.options,
        why=(chosen.because, "the prefix has it"), identity=package.identity,
    )  # fmt: skip


def _build(
    chosen: Chosen, now: Effective, bound: tuple[Bound, ...], context: Context
) -> tuple[BuildPlan, str, str]:
    """Return how to build it, its key and its loose key."""
    site, machine = context.world.site, context.world.machine
    fields = _fields(bound) | {
        "version": chosen.release.version if chosen.release else "",
        "name": chosen.name,
    }
    virtuals = tuple(b.virtual for b in bound)
    steps = _steps(chosen, now, _in_host(fields, bound, context), context.python)
    # The key must not depend on where the compiler lies or what the user exported: those two are
    # named by the compiler's identity, or kept out of the result by the clean environment.
    neutral = {n: f"<{n}>" if n.startswith("compiler.") else v for n, v in fields.items()}
    environment: tuple[Edit, ...] = ()
    told: tuple[Edit, ...] = ()
    if now.build.system != "wheel":
        environment = build_environment(
            chosen.name, now.build, virtuals, _in_host(fields, bound, context), site, machine
        )
        told = build_environment(chosen.name, now.build, virtuals, neutral, site, machine)
    inputs = {
        "name": chosen.name,
        "version": chosen.release.version if chosen.release else "",
        "subdir": machine.subdir,
        "site": site.name,
        "options": chosen.options,
        "steps": [_without_origin(step) for step in _steps(chosen, now, neutral, context.python)],
        "environment": [(e.kind, e.name, e.value) for e in told if e.why != "site keep_env"],
        "python": _python_part(now, context),
        "providers": {b.virtual: b.identity for b in bound if b.virtual != "compiler"},
        "compiler": next((b.identity for b in bound if b.virtual == "compiler"), ""),
    }
    key, loose, text = keys(inputs)
    new_python = any(p.name == "python" for p in context.planned)
    plan = BuildPlan(
        python=context.python, new_python=new_python, host=_host(chosen, now, context),
        environment=environment, steps=steps, inputs=text,
    )  # fmt: skip
    return plan, key, loose


def _steps(chosen: Chosen, now: Effective, fields: dict[str, str], python: str) -> tuple[Step, ...]:
    assert chosen.download is not None
    where = f"recipe {chosen.name}: build"
    material = Material(
        download=chosen.download,
        overlay=chosen.overlay,
        args=fill_all(now.build.args, fields, where=f"{where}.args"),
        install_args=fill_all(now.build.install_args, fields, where=f"{where}.install_args"),
        python=python,
        build_commands=tuple(
            fill_all(words, fields, where=f"{where}.build_commands") for words in now.build.build_commands
        ),
        install_commands=tuple(
            fill_all(words, fields, where=f"{where}.install_commands") for words in now.build.install_commands
        ),
    )
    return SYSTEMS[now.build.system].steps(material)


def _python_part(now: Effective, context: Context) -> str:
    """A wheel only needs to know the folder it goes to; everything else is compiled for one Python."""
    if now.build.system == "wheel":
        return ".".join(context.python.split(".")[:2])
    return context.python_identity


def _without_origin(step: Step) -> dict[str, object]:
    """Return a step for the key: files by name and hash, wherever they come from."""
    data = asdict(step)
    for download in (data.get("download"), *data.get("downloads", ())):
        if isinstance(download, dict):
            download.pop("pypi")
            download.pop("url")
    return data


def _fields(bound: tuple[Bound, ...]) -> dict[str, str]:
    return {name: value for b in bound for name, value in b.fields.items()}


def _in_host(fields: dict[str, str], bound: tuple[Bound, ...], context: Context) -> dict[str, str]:
    """Return the fields as a build sees them: a provider that is not in the prefix yet stands in the host."""
    new = {p.name for p in context.planned if p.action != "keep"}
    moved = {b.virtual for b in bound if b.recipe in new}
    return {
        name: value.replace("${{ prefix }}", "${{ host }}") if name.split(".")[0] in moved else value
        for name, value in fields.items()
    }


def _host(chosen: Chosen, now: Effective, context: Context) -> tuple[str, ...]:
    """Return the packages of the plan that the build needs beside it."""
    if now.build.system == "wheel":
        return ()
    wanted = {"python", *chosen.needs}
    return tuple(
        p.name for p in context.planned if p.action != "keep" and (p.name in wanted or p.action == "conda")
    )


def _identified(bound: Bound, context: Context) -> Bound:
    """Give a provider that is a package its identity: the package, exactly."""
    if bound.recipe is None:
        return bound
    package = next(p for p in context.planned if p.name == bound.recipe)
    return bound._replace(identity=f"{package.name} {package.version} {package.build_string}")


def _depends(chosen: Chosen, context: Context) -> tuple[str, ...]:
    """Return conda requirements: the Python's minor version, exact providers, the recipe's run needs."""
    found = [f"python {'.'.join(context.python.split('.')[:2])}.*"]
    for bound in chosen.bound:
        if bound.recipe is not None:
            package = next(p for p in context.planned if p.name == bound.recipe)
            found.append(f"{package.name} {package.version} {package.build_string}")
    for spec in chosen.run:
        found.append(f"{spec.name} {spec.specifier}".strip())
    return tuple(found)


def _scripts(tests: tuple[Check, ...]) -> tuple[str, ...]:
    return tuple(sorted({test.python for test in tests if test.python}))


def _change(
    name: str, version: str, packages: tuple[Installed, ...]
) -> tuple[Change, tuple[str, str] | None]:
    for package in packages:
        if package.name == name:
            return _direction(package.version, version), (package.version, package.build)
    return "new", None


def _direction(was: str, version: str) -> Change:
    try:
        old, new = Version(was), Version(version)
    except InvalidVersion:  # conda takes versions that the package index does not
        return "replace"
    return "upgrade" if new > old else "downgrade" if new < old else "replace"


def _word(name: str) -> str:
    """Return a site's name as conda allows it in a build string."""
    return name.replace("-", "_")
