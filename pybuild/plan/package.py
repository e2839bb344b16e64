"""Plan one package of the closure: environment, steps, key, and whether the channel already has it."""

from __future__ import annotations

from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from pybuild.errors import PlanError
from pybuild.model.machine import ChannelPackage, Installed
from pybuild.model.modules import ModulePlan
from pybuild.model.plan import BuildPlan, Change, Edit, PackagePlan
from pybuild.model.recipe import NATIVE, Check
from pybuild.model.rules import RefusedLibrary
from pybuild.plan.building import build_plan
from pybuild.plan.checks import planned_checks
from pybuild.plan.circumstances import circumstances, fields_of, when_run, wish_of
from pybuild.plan.context import Context
from pybuild.plan.effective import Effective
from pybuild.plan.environment import Circumstances, run_environment
from pybuild.plan.foreign_variables import removed
from pybuild.plan.held import find_held, next_number
from pybuild.plan.identity import identified
from pybuild.plan.modules import module_plan
from pybuild.plan.providers import Bound
from pybuild.plan.resolve import Chosen


class _Made(NamedTuple):
    """How a package is built, with the providers as they are identified, and the keys of the result."""

    bound: tuple[Bound, ...]
    build: BuildPlan
    key: str
    loose: str


class _Running(NamedTuple):
    """What a package runs with: providers, modules, and edits to the environment."""

    bound: tuple[Bound, ...]
    modules: ModulePlan | None
    environment: tuple[Edit, ...]


def plan_package(chosen: Chosen, context: Context) -> PackagePlan:
    """Return what happens to one package.

    Raises:
        PlanError: a template names an unknown field, or there is nothing to build it with.
    """
    if chosen.keep is not None:
        return _kept(chosen, chosen.keep, context.held)
    assert chosen.effective is not None
    assert chosen.release is not None
    world, recipe = context.world, chosen.recipe
    version, tests = chosen.release.version, chosen.effective.tests
    here = circumstances(chosen, context.python, world)
    made = _made(chosen, chosen.effective, here, context)
    running = _running(chosen, here, context)
    rebuild = context.rebuild and chosen.requested
    found = None if rebuild else _held(chosen.name, version, made, context)
    number = next_number(_builds(chosen.name, context), made.key) if rebuild else 0
    change, was = _change(chosen.name, version, world.state.packages)
    return PackagePlan(
        name=chosen.name,
        version=version,
        build_string=found.build if found else _build_string(context, made.key, number),
        key=found.key if found else made.key,
        loose_key=made.loose,
        action="channel" if found else "build",
        change=change,
        requested=chosen.requested,
        was=was,
        options=chosen.options,
        depends=_depends(chosen, context),
        file=found.file if found else None,
        sha256=found.sha256 if found else None,
        why=chosen.why,
        build=made.build,
        checks=planned_checks(chosen.name, tests, fields_of((*running.bound, *made.bound)), world.site),
        identity=tuple((b.virtual, b.identity) for b in made.bound),
        files=_scripts(tests),
        absent=recipe.absent,
        directory=recipe.directory,
        recipe_text=recipe.text,
        summary=recipe.about.summary,
        homepage=recipe.about.homepage,
        license=recipe.about.license,
        unproven=recipe.unproven,
        run_modules=running.modules,
        run_environment=running.environment,
        fields=_given_fields(made.bound, world.site.name),
        refused=tuple((one.name, _refusal(one, world.site.name)) for one in world.site.libraries),
    )


def _made(chosen: Chosen, effective: Effective, here: Circumstances, context: Context) -> _Made:
    wish = wish_of(chosen, here, context.python)
    modules = module_plan(wish, "build") if wish else None
    capture = next((c for c in context.world.machine.captures if c.plan == modules), None)
    bound = tuple(identified(b, context, capture) for b in chosen.bound)
    build, key, loose = build_plan(chosen, effective, bound, context, here, modules, capture)
    return _Made(bound=bound, build=build, key=key, loose=loose)


def _running(chosen: Chosen, here: Circumstances, context: Context) -> _Running:
    """Return what the package runs with.

    Args:
        here: what holds for it while it is built.
    """
    world = context.world
    running = when_run(chosen, world)
    around = here if running is chosen else circumstances(running, context.python, world)
    wish = wish_of(running, around, context.python)
    modules = module_plan(wish, "run") if wish else None
    environment = run_environment(around) if wish else ()
    return _Running(bound=running.bound, modules=modules, environment=(*removed(world.site), *environment))


def _held(name: str, version: str, made: _Made, context: Context) -> ChannelPackage | None:
    """Return the channel's package of this key; without a compiler, also that of another compiler.

    Raises:
        PlanError: it must be built and there is nothing to build it with.
    """
    lacking = next((b for b in made.bound if b.lacking), None)
    loose = made.loose if lacking else None
    found = find_held(context.held, name, version, key=made.key, loose_key=loose)
    if found is None and lacking is not None:
        raise PlanError(lacking.lacking, hint=lacking.hint)
    return found


def _given_fields(bound: tuple[Bound, ...], site: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (field, value, _giver(b, field, value, site)) for b in bound for field, value in b.fields.items()
    )


def _giver(bound: Bound, field: str, value: str, site: str) -> str:
    """Say where a field's value comes from."""
    if bound.recipe:
        return f"recipe {bound.recipe}: provides.{bound.virtual}"
    if bound.site is not None and dict(bound.site.fields).get(field.partition(".")[2], value) != value:
        return f"site {site}: targets"
    return f"site {site}: provider {bound.provider} of {bound.virtual}"


def _refusal(library: RefusedLibrary, site: str) -> str:
    """Say why a site refuses a library, and what keeps it out."""
    keeper = f"; rule {library.rule} of site {site} keeps it out" if library.rule else ""
    return f"{library.reason}{keeper}"


def _builds(name: str, context: Context) -> list[str]:
    """Return the build strings that the channel and the prefix have of a package of ours."""
    mine = [p.build for p in context.world.state.packages if p.name == name and p.key is not None]
    return mine + [p.build for p in context.held if p.name == name]


def _kept(chosen: Chosen, package: Installed, held: tuple[ChannelPackage, ...]) -> PackagePlan:
    """Return a plan for what stays as it is; with its file, so that builds may have it beside them."""
    this = (package.name, package.version, package.build)
    same = (one for one in held if (one.name, one.version, one.build) == this)
    file = next(same, None) if package.key else None
    return PackagePlan(
        name=package.name, version=package.version, build_string=package.build, key=package.key or "",
        loose_key="", action="keep", change="none", requested=chosen.requested, options=package.options,
        why=(chosen.because, "the prefix has it", *chosen.why), identity=package.identity,
        depends=package.depends, file=file.file if file else None, sha256=file.sha256 if file else None,
    )  # fmt: skip


def _depends(chosen: Chosen, context: Context) -> tuple[str, ...]:
    """Return conda requirements: the Python's minor version, exact providers, the recipe's run needs."""
    found = [f"python {'.'.join(context.python.split('.')[:2])}.*"]
    for bound in chosen.bound:
        if bound.recipe is not None:
            provider = next(p for p in context.planned if p.name == bound.recipe)
            found.append(f"{provider.name} {provider.version} {provider.build_string}")
    for spec in chosen.run:
        recipe = context.world.recipes.get(spec.name)
        package = next((p for p in context.planned if p.name == spec.name), None)
        if recipe is not None and recipe.build.system in NATIVE and package is not None:
            # Libraries promise nothing about other builds of themselves.
            found.append(f"{package.name} {package.version} {package.build_string}")
        else:
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


def _build_string(context: Context, key: str, number: int) -> str:
    short = "".join(context.python.split(".")[:2])
    return f"py{short}_{_word(context.world.site.name)}_h{key}_{number}"


def _word(name: str) -> str:
    """Return a site's name as conda allows it in a build string."""
    return name.replace("-", "_")
