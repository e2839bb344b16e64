"""How one package is built, and the key that its result has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from pybuild.model.modules import Capture, ModulePlan
from pybuild.model.plan import BuildPlan, Edit, Step
from pybuild.model.site import Site, base_of
from pybuild.plan.context import Context
from pybuild.plan.effective import Effective
from pybuild.plan.environment import Circumstances, build_environment
from pybuild.plan.key import keys
from pybuild.plan.modules import neutral as neutral_module
from pybuild.plan.providers import Bound
from pybuild.plan.resolve import Chosen
from pybuild.plan.systems import SYSTEMS, Material
from pybuild.plan.templates import fill_all


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
    steps = _steps(chosen, now, _in_host(fields, bound, context), context.python)
    # The key must not depend on where the compiler lies or what the user exported: those two are
    # named by the compiler's identity, or kept out of the result by the clean environment.
    neutral = {n: f"<{n}>" if n.startswith("compiler.") else v for n, v in fields.items()}
    environment: tuple[Edit, ...] = ()
    told: tuple[Edit, ...] = ()
    if now.build.system != "wheel":
        inside = _in_host(fields, bound, context)
        environment = build_environment(now.build, here._replace(fields=inside), machine)
        told = build_environment(now.build, here._replace(fields=neutral), machine)
    inputs = {
        "name": chosen.name,
        "version": chosen.release.version if chosen.release else "",
        "subdir": machine.subdir,
        "site": site.name,
        "options": chosen.options,
        "steps": [_without_origin(step) for step in _steps(chosen, now, neutral, context.python)],
        "environment": [(e.kind, e.name, _without_host(e.value)) for e in told if e.why != "site keep_env"],
        "modules": _module_inputs(site, modules, capture),
        "python": _python_part(now, context),
        "providers": {b.virtual: b.identity for b in bound if b.virtual != "compiler"},
        "compiler": next((b.identity for b in bound if b.virtual == "compiler"), ""),
        **_compiled_needs(chosen, context),
    }
    key, loose, text = keys(inputs)
    plan = BuildPlan(
        python=context.python, new_python=new_python, host=host,
        environment=environment, steps=steps, inputs=text, modules=modules,
    )  # fmt: skip
    return plan, key, loose


def _compiled_needs(chosen: Chosen, context: Context) -> dict[str, list[str]]:
    """Return versions of needed packages that bind the site themselves: their headers may be compiled in."""
    found = {p.name: p.version for p in context.world.state.packages if p.identity}
    found |= {p.name: p.version for p in context.planned if p.identity and p.action != "keep"}
    rows = [f"{name} {found[name]}" for name in chosen.needs if name in found]
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


def _in_host(fields: Mapping[str, str], bound: tuple[Bound, ...], context: Context) -> dict[str, str]:
    """Return the fields as a build sees them: a provider that is not in the prefix yet stands in the host."""
    new = {p.name for p in context.planned if p.action != "keep"}
    moved = {base_of(b.virtual) for b in bound if b.recipe in new}
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
