"""Which environments of a site are worth trying: each target, compiler, virtual and rule at least once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pybuild.model.modules import ModulePlan, ModuleStep, Operation, Time
from pybuild.model.providers import Provider, Target
from pybuild.model.pythons import PythonModule
from pybuild.model.rules import Rule
from pybuild.model.site import Site
from pybuild.plan.modules import Wish, module_plan
from pybuild.plan.rules import acting_rules

PYTHON = "3.11.0"
"""Rules that hold for other Pythons only are tried on their own."""

Chosen = tuple[tuple[str, Provider], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One environment to try.

    Attributes:
        name: ``target haswell, compiler gnu, mpi cray-mpich, for builds``.
        providers: what was chosen, by virtual.
        python: the Python module that it loads, or None.
    """

    name: str
    plan: ModulePlan
    providers: Chosen = ()
    python: PythonModule | None = None


def combinations(site: Site) -> Iterator[Combination]:
    """Yield every environment that matters; nothing for a site without a module tool.

    Each target with each compiler and the first MPI; each other provider of every virtual with the
    defaults; the default as it is at run time; each rule that none of these met; each Python module.
    """
    if site.modules.tool == "none":
        return
    met: set[str] = set()
    for target, chosen, at in _wanted(site):
        rules = _rules(site, target, chosen)
        met |= {rule.name for rule in rules if at in rule.at}
        yield from _one(site, target, chosen, rules, at)
    target, chosen = _default(site)
    for rule in site.rules:
        if rule.name not in met and (rule.modules or rule.forbid):
            at = rule.at[0]
            rules = tuple(one for one in site.rules if one in _rules(site, target, chosen) or one is rule)
            yield from _one(site, target, chosen, rules, at, extra=f", rule {rule.name}")
    yield from _pythons(site)


def _wanted(site: Site) -> Iterator[tuple[Target | None, Chosen, Time]]:
    first, default = _default(site)
    for target in site.targets or (None,):
        for compiler in _providers(site, "compiler") or (None,):
            own = tuple(("compiler", compiler) for _ in [0] if compiler is not None)
            yield target, (*own, *default[len(own) :]), "build"
    for virtual in site.virtuals:
        for provider in _providers(site, virtual.name):
            if virtual.name != "compiler" and (virtual.name, provider) not in default:
                others = tuple(pair for pair in default if pair[0] != virtual.name)
                yield first, (*others, (virtual.name, provider)), "build"
    yield first, default, "run"


def _default(site: Site) -> tuple[Target | None, Chosen]:
    """Return the first target, compiler and MPI."""
    names = ("compiler", "mpi")
    chosen = tuple((name, found[0]) for name in names for found in [_providers(site, name)] if found)
    return (site.targets[0] if site.targets else None), chosen


def _providers(site: Site, virtual: str) -> tuple[Provider, ...]:
    """Return the providers that the machine itself has."""
    given = next((one.providers for one in site.virtuals if one.name == virtual), ())
    return tuple(provider for provider in given if provider.where in ("site", "path"))


def _rules(site: Site, target: Target | None, chosen: Chosen) -> tuple[Rule, ...]:
    providers = {virtual: provider.name for virtual, provider in chosen}
    return acting_rules(site, recipe="", providers=providers, target=target, python=PYTHON)


def _one(
    site: Site, target: Target | None, chosen: Chosen, rules: tuple[Rule, ...], at: Time, extra: str = ""
) -> Iterator[Combination]:
    plan = module_plan(Wish(site=site, target=target, providers=chosen, rules=rules), at)
    if plan is None:
        return
    parts = [f"target {target.name}"] if target is not None else []
    parts += [f"{virtual} {provider.name}" for virtual, provider in chosen]
    yield Combination(name=f"{', '.join(parts)}{extra}, for {at}s", plan=plan, providers=chosen)


def _pythons(site: Site) -> Iterator[Combination]:
    bare = module_plan(Wish(site=site), "build")
    for entry in site.python_modules if bare is not None else ():
        assert bare is not None
        step = ModuleStep(
            operation=Operation(kind="load", module=entry.module),
            words=("load", entry.module),
            by=f"site {site.name}: python module {entry.module}",
            why=f"it has Python {entry.python}",
            source=entry.source,
        )
        plan = replace(bare, steps=(step,), questions=(("python", "--version"),))
        yield Combination(name=f"python {entry.module}", plan=plan, python=entry)
