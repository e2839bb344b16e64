"""Which modules an environment needs, in which order, and why: a site's data turned into steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pybuild.errors import PlanError
from pybuild.model.modules import ModulePlan, ModuleStep, Need, Operation, Time, is_named, matches
from pybuild.model.providers import Provider, Target
from pybuild.model.recipe import RecipeModules
from pybuild.model.rules import Rule
from pybuild.model.site import Site

_ENV = re.compile(r"\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an environment is made for.

    Attributes:
        providers: (virtual, provider) pairs in the recipe's order, each the site's own entry.
        rules: the site's rules that act, in the site's order.
        own: the recipe's own operations that apply.
        recipe: name of the recipe, for messages.
    """

    site: Site
    target: Target | None = None
    providers: tuple[tuple[str, Provider], ...] = ()
    rules: tuple[Rule, ...] = ()
    own: tuple[RecipeModules, ...] = ()
    recipe: str = ""


def module_plan(wish: Wish, at: Time) -> ModulePlan | None:
    """Return how the environment is made, None where the site has no module tool.

    The order is: baseline, target, providers in the recipe's order, the site's rules, the recipe's own.

    Raises:
        PlanError: the recipe loads a module that a rule of the site forbids, an operation names a family that
            the site does not have, or there are operations and no tool.
    """
    site = wish.site
    steps = [step for step in _steps(wish) if at in step.at]
    if site.modules.tool == "none":
        _demand_nothing(steps, site)
        return None
    forbidden = tuple(_forbidden(wish, at))
    for step in steps:
        _demand_allowed(step, forbidden, wish)
    return ModulePlan(
        site=site.name,
        tool=site.modules.tool,
        init=site.modules.init,
        path=site.path,
        env=site.modules.env,
        folders=site.modules.folders,
        baseline=site.modules.baseline,
        steps=_with_words(steps, site.modules.baseline),
        forbidden=forbidden,
        needs=tuple(_needs(wish)),
        questions=tuple(_questions(wish)),
    )


def neutral(site: Site, module: str) -> bool:
    """Return whether a loaded module (``dvs/2.12``) is one that cannot change what is built."""
    return any(matches(module, pattern) for pattern in site.modules.neutral)


def variables_in(text: str) -> tuple[str, ...]:
    """Return the names of the environment variables that a template uses."""
    return tuple(_ENV.findall(text))


def _steps(wish: Wish) -> Iterator[ModuleStep]:
    site = wish.site
    families = dict(site.modules.families)

    def made(operations: Iterable[Operation], by: str, why: str, **more: object) -> Iterator[ModuleStep]:
        for one in operations:
            if one.family not in {"", *families}:
                raise PlanError(
                    f"{by}: choose {one.module}: modules.families of site {site.name} has no {one.family!r}",
                    hint=f"pybuild site lint {site.name}",
                )
            yield ModuleStep(operation=one, members=families.get(one.family, ()), by=by, why=why, **more)  # type: ignore[arg-type]

    if wish.target is not None:
        target = wish.target
        by = f"site {site.name}: target {target.name}"
        yield from made(target.modules, by, target.summary, source=target.source)
    for virtual, provider in wish.providers:
        by = f"site {site.name}: provider {provider.name} of {virtual}"
        yield from made(provider.modules, by, f"it brings {virtual}", source=provider.source)
    for rule in wish.rules:
        by = f"site {site.name}: rule {rule.name}"
        yield from made(
            rule.modules, by, rule.reason, source=rule.source, since=rule.since, at=tuple(rule.at)
        )
    for own in wish.own:
        by = f"recipe {wish.recipe}"
        yield from made(own.operations, by, own.reason, source=own.source, at=("build",))


def _demand_nothing(steps: Iterable[ModuleStep], site: Site) -> None:
    for step in steps:
        operation = f"{step.operation.kind} {step.operation.module}"
        raise PlanError(
            f"{step.by}: {operation}: modules.tool of site {site.name} is none",
            hint=f"pybuild site lint {site.name}",
        )


def _forbidden(wish: Wish, at: Time) -> Iterator[tuple[str, str]]:
    for rule in wish.rules:
        if at in rule.at:
            for pattern in rule.forbid:
                yield pattern, f"rule {rule.name} of site {wish.site.name}: {rule.reason}"


def _demand_allowed(step: ModuleStep, forbidden: tuple[tuple[str, str], ...], wish: Wish) -> None:
    if step.operation.kind not in ("load", "swap", "choose") or not step.by.startswith("recipe "):
        return
    for pattern, who in forbidden:
        if matches(step.operation.module, pattern):
            raise PlanError(
                f"{step.by}: modules: loads {step.operation.module}, which {who}",
                hint=f"pybuild explain {wish.recipe} --site {wish.site.name}",
            )


def _with_words(steps: Iterable[ModuleStep], baseline: tuple[str, ...]) -> tuple[ModuleStep, ...]:
    """Say each operation as a person types it, following what is loaded from the baseline on.

    What modules load or unload by themselves is not known here: the words are for people and scripts,
    the tool's own answer is what counts when the steps are carried out.
    """
    loaded = list(baseline)
    found = []
    for step in steps:
        words = _words(step, loaded)
        found.append(replace(step, words=words))
        _follow(words, loaded)
    return tuple(found)


def _words(step: ModuleStep, loaded: list[str]) -> tuple[str, ...]:
    operation = step.operation
    if operation.kind == "use":
        return ("use", operation.module)
    if operation.kind == "unload":
        gone = [module for module in loaded if matches(module, operation.module)]
        return ("unload", *gone) if gone else ()
    if operation.kind == "swap":
        return ("swap", operation.old, operation.module)
    if any(is_named(module, operation.module) for module in loaded):
        return ()
    if operation.kind == "choose":
        others = [m for m in loaded if any(matches(m, pattern) for pattern in step.members)]
        if others:
            return ("swap", others[0], operation.module)
    return ("load", operation.module)


def _follow(words: tuple[str, ...], loaded: list[str]) -> None:
    kind, *names = words or ("",)
    if kind == "load":
        loaded += names
    elif kind == "unload":
        loaded[:] = [module for module in loaded if module not in names]
    elif kind == "swap":
        loaded[:] = [module for module in loaded if not is_named(module, names[0])] + [names[1]]


def _needs(wish: Wish) -> Iterator[Need]:
    for virtual, provider in wish.providers:
        by = f"site {wish.site.name}: provider {provider.name} of {virtual}"
        for _, text in (*provider.fields, *provider.env, ("identity", provider.identity)):
            yield from (Need(variable=name, by=by) for name in variables_in(text))
        program = dict(provider.fields).get("cc", "").split(" ")[0]
        if program and "/" not in program and "$" not in program:
            yield Need(program=program, by=by)


def _questions(wish: Wish) -> Iterator[tuple[str, ...]]:
    """Ask compilers what they are: a wrapper's version changes what it makes."""
    for virtual, provider in wish.providers:
        program = dict(provider.fields).get("cc", "")
        if virtual == "compiler" and program:
            yield (*program.split(), "--version")
