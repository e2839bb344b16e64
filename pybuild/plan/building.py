"""How one package is built, and the key that its result has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pybuild.model.modules import Capture, ModulePlan
from pybuild.model.plan import BuildPlan, Edit, PackagePlan, Step
from pybuild.model.providers import base_of
from pybuild.model.recipe import NATIVE
from pybuild.model.site import Site
from pybuild.plan.context import Context
from pybuild.plan.downloads import extra_download
from pybuild.plan.effective import Effective, holds
from pybuild.plan.environment import Circumstances, build_environment
from pybuild.plan.key import keys
from pybuild.plan.modules import neutral as neutral_module
from pybuild.plan.providers import Bound
from pybuild.plan.resolve import Chosen
from pybuild.plan.systems import steps_of
from pybuild.plan.systems.common import Material
from pybuild.plan.templates import fill, fill_all


def build_plan(
    chosen: Chosen,
    now: Effective,
    bound: tuple[Bound, ...],
    context: Context,
    here: Circumstances,
    modules: ModulePlan | None,
    capture: Capture | None,
) -> tuple[BuildPlan, str, str]:
    """Return how to build it, its key and its loose key."""
    site, machine = context.world.site, context.world.machine
    fields = here.fields
    host = _host(chosen, now, context)
    new_python = any(p.name == "python" for p in context.planned)
    if set(host) - {"python"} and not new_python:
        short = ".".join(context.python.split(".")[:2])
        here = here._replace(packages=f"${{{{ host }}}}/lib/python{short}/site-packages")
    steps = _steps(chosen, now, _in_host(fields, bound, host), context)
    # The key must not depend on where the compiler lies or what the user exported: those two are
    # named by the compiler's identity, or kept out of the result by the clean environment.
    neutral = {n: f"<{n}>" if n.startswith("compiler.") else v for n, v in fields.items()}
    environment: tuple[Edit, ...] = ()
    told: tuple[Edit, ...] = ()
    if now.build.system != "wheel":
        inside = _in_host(fields, bound, host)
        environment = build_environment(now.build, here._replace(fields=inside), machine)
        told = build_environment(now.build, here._replace(fields=neutral), machine)
    inputs = {
        "name": chosen.name,
        "version": chosen.release.version if chosen.release else "",
        "subdir": machine.subdir,
        "site": site.name,
        "options": chosen.options,
        "steps": [_without_origin(step) for step in _steps(chosen, now, neutral, context)],
        "environment": [(e.kind, e.name, _without_host(e.value)) for e in told if e.why != "site keep_env"],
        "modules": _module_inputs(site, modules, capture),
        "python": _python_part(now, context),
        "providers": {b.virtual: b.identity for b in bound if b.virtual != "compiler"},
        "compiler": next((b.identity for b in bound if b.virtual == "compiler"), ""),
        # conda's metadata name them.
        **({"run": sorted(spec.text for spec in chosen.run)} if chosen.run else {}),
        **_compiled_needs(chosen, now, context),
    }
    key, loose, text = keys(inputs)
    plan = BuildPlan(
        python=context.python, new_python=new_python, host=host,
        environment=environment, steps=steps, inputs=text, modules=modules,
        stage_paths=now.build.stage_paths,
    )  # fmt: skip
    return plan, key, loose


def _compiled_needs(chosen: Chosen, now: Effective, context: Context) -> dict[str, list[str]]:
    """Return versions of needed packages that bind the site themselves: their headers may be compiled in."""
    found = {p.name: p.version for p in context.world.state.packages if p.identity}
    found |= {p.name: p.version for p in context.planned if p.identity and p.action != "keep"}
    for package in context.planned:
        recipe = context.world.recipes.get(package.name)
        if recipe is not None and recipe.build.system in NATIVE:
            found[package.name] = f"{package.version} {package.build_string}"
    rows = [f"{name} {found[name]}" for name in _beside(chosen, now) if name in found]
    return {"needs": rows} if rows else {}


def _without_host(value: str) -> str:
    """Leave out where host packages are found: whether they are already in the prefix changes no result."""
    return value.split(":${{ host }}/lib/python")[0]


def _module_inputs(site: Site, modules: ModulePlan | None, capture: Capture | None) -> list[str]:
    """Return what the key holds of the modules: what was really loaded, else what would be."""
    if modules is None:
        return []
    if capture is not None:
        return [module for module in capture.loaded if not neutral_module(site, module)]
    asked = (f"{step.operation.kind} {step.operation.module}" for step in modules.steps)
    return [*modules.baseline, *asked]


def _steps(chosen: Chosen, now: Effective, fields: dict[str, str], context: Context) -> tuple[Step, ...]:
    assert chosen.download is not None
    assert chosen.release is not None
    recipe, release, build = chosen.recipe, chosen.release, now.build
    where = f"recipe {chosen.name}: build"
    this = (release.version, context.python, chosen.options, context.world.site.name)

    def filled(key: str) -> tuple[str, ...]:
        return fill_all(getattr(build, key), fields, where=f"{where}.{key}")

    def rows(key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(fill_all(words, fields, where=f"{where}.{key}") for words in getattr(build, key))

    def text(key: str) -> str:
        return fill(getattr(build, key), fields, where=f"{where}.{key}")

    material = Material(
        download=chosen.download, overlay=chosen.overlay, python=context.python,
        args=filled("args"), build_args=filled("build_args"), install_args=filled("install_args"),
        build_commands=rows("build_commands"), install_commands=rows("install_commands"),
        sources=tuple(
            (extra_download(extra, recipe, release), extra.folder)
            for extra in recipe.sources if holds(extra.when, *this)
        ),
        patches=tuple((patch.file, patch.text) for patch in recipe.patches if holds(patch.when, *this)),
        folder=build.folder, before=text("before"), after=text("after"), script=text("script"),
    )  # fmt: skip
    return steps_of(build.system, material)


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
            for origin in ("pypi", "url", "git", "commit"):
                download.pop(origin)
    return data


def _in_host(fields: Mapping[str, str], bound: tuple[Bound, ...], host: tuple[str, ...]) -> dict[str, str]:
    """Return the fields as a build sees them: a provider may stand in the host prefix, not in the target."""
    moved = {base_of(b.virtual) for b in bound if b.recipe in host}
    return {
        name: value.replace("${{ prefix }}", "${{ host }}") if name.split(".")[0] in moved else value
        for name, value in fields.items()
    }


def _host(chosen: Chosen, now: Effective, context: Context) -> tuple[str, ...]:
    """Return the packages of the plan that stand beside the build: what it needs, and what that needs.

    What the prefix has already is only put there where its files would else be written down with the
    prefix's own path: then the result could not be used in another prefix.
    """
    if now.build.system == "wheel":
        return ()
    planned = {p.name: p for p in context.planned}
    wanted, waiting = set[str](), ["python", *_beside(chosen, now)]
    while waiting:
        name = waiting.pop()
        if name in planned and name not in wanted:
            wanted.add(name)
            waiting += [words.split()[0] for words in planned[name].depends]
    return tuple(
        p.name for p in context.planned if p.action == "conda" or (p.name in wanted and _stands(p, context))
    )


def _beside(chosen: Chosen, now: Effective) -> tuple[str, ...]:
    """Return what the build itself needs, without what the result needs only where it runs."""
    if now.requirements.host is None:
        return chosen.needs
    here = {*now.requirements.host, *(bound.recipe for bound in chosen.bound)}
    late = {spec.name for spec in chosen.run} - here
    return tuple(name for name in chosen.needs if name not in late)


def _stands(package: PackagePlan, context: Context) -> bool:
    if package.action != "keep":
        return True
    recipe = context.world.recipes.get(package.name)
    compiled = recipe is not None and (recipe.build.system in NATIVE or bool(recipe.provides))
    return compiled and package.file is not None
