"""Variables that a site's templates use and that no module of the box sets by its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pybuild.box.kinds import is_parallel, kind_of
from pybuild.box.layout import Layout
from pybuild.box.records import BoxModule
from pybuild.model.modules import Operation
from pybuild.model.site import Site

_ENV = re.compile(r"\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


def with_variables(site: Site, layout: Layout, modules: tuple[BoxModule, ...]) -> tuple[BoxModule, ...]:
    """Return the modules, each leftover variable set by the module that fits its name and use best."""
    given: dict[str, dict[str, str]] = {}
    for variable, preferred, kind in _used(site):
        if variable in _set_by(_reached(preferred, site, modules), modules):
            continue
        owner = _owner(variable, preferred, site, modules, kind)
        if owner:
            given.setdefault(owner, {})[variable] = kind
    return tuple(_given(module, given.get(module.name, {}), layout) for module in modules)


def _reached(preferred: tuple[str, ...], site: Site, modules: tuple[BoxModule, ...]) -> set[str]:
    """Return what is loaded once these are: the baseline and what modules bring; for none of them, all."""
    if not preferred:
        return {module.name for module in modules}
    loads = {module.name: module.loads for module in modules}
    found, waiting = set[str](), [*preferred, *site.modules.baseline]
    while waiting:
        name = waiting.pop().partition("/")[0]
        if name not in found:
            found.add(name)
            waiting += loads.get(name, ())
    return found


def _set_by(names: set[str], modules: tuple[BoxModule, ...]) -> set[str]:
    pairs = (
        pair for one in modules if one.name in names for pair in (*one.sets, *one.prepends, *one.appends)
    )
    return {variable for variable, _ in pairs}


def _used(site: Site) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Yield (variable, modules that its user loads, last first, kind of its user)."""
    for virtual in site.virtuals:
        for provider in virtual.providers:
            texts = (*(value for _, value in (*provider.fields, *provider.env)), provider.identity)
            kind = virtual.name.partition("[")[0]
            yield from ((name, _loaded(provider.modules), kind) for name in _variables(texts))
    for target in site.targets:
        texts = (*(value for _, _, value in target.fields), *(value for _, value in target.env))
        yield from ((name, _loaded(target.modules), "") for name in _variables(texts))
    for rule in site.rules:
        texts = tuple(value for _, value in rule.env)
        yield from ((name, _loaded(rule.modules), "") for name in _variables(texts))


def _variables(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _ENV.findall(text)


def _loaded(done: tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(one.module.partition("/")[0] for one in reversed(done) if one.kind not in ("unload", "use"))


def _owner(
    variable: str, preferred: tuple[str, ...], site: Site, modules: tuple[BoxModule, ...], kind: str
) -> str:
    """Return the module that sets a variable.

    The best is one of its user's that it is called after or that is of the user's kind, then one such
    of the baseline, then the user's last, then any that it is called after.
    """
    baseline = tuple(name.partition("/")[0] for name in reversed(site.modules.baseline))
    words = variable.upper()
    for near in (preferred, baseline):
        called = [name for name in near if _word(name) in words]
        of_kind = [name for name in near if kind_of(name) == kind]
        if called or of_kind:
            return max(called, key=lambda name: len(_word(name)), default="") or of_kind[0]
    far = [module.name for module in modules if _word(module.name) in words]
    return next(iter((*preferred, *far, *baseline)), "")


def _word(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper().removeprefix("CRAY-"))


def _given(module: BoxModule, variables: dict[str, str], layout: Layout) -> BoxModule:
    sets = tuple((name, _value(name, kind, module, layout)) for name, kind in variables.items())
    return replace(module, sets=(*module.sets, *sets))


def _value(variable: str, kind: str, module: BoxModule, layout: Layout) -> str:
    """Return a value that fits a variable's name: a version, a folder of the product, or its root."""
    if re.search(r"VERSION|VER$", variable):
        return module.version or "1.0"
    root = layout.root(kind or module.kind, module.name, module.version, parallel=_parallel(module, layout))
    if re.search(r"INC(LUDE)?(_|$)|INCDIR", variable):
        return f"{root}/include"
    if re.search(r"LIB(_|$|DIR)|LIBRARY_PATH", variable):
        return f"{root}/lib"
    if re.search(r"BIN(_|$)", variable):
        return f"{root}/bin"
    return root


def _parallel(module: BoxModule, layout: Layout) -> bool:
    """A machine with one HDF5 module of any name has the parallel one in the box, if it has any."""
    return is_parallel(module.name) or not layout.serial_hdf5
