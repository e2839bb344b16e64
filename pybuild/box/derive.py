"""From a site's data to the modules of its box: pure, nothing is written here."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase

from pybuild.box.effects import accelerator_of, effects_of
from pybuild.box.kinds import is_parallel, kind_of, prgenv_suite
from pybuild.box.layout import Layout
from pybuild.box.names import is_xc, module_names, operations
from pybuild.box.records import BoxModule, Kind
from pybuild.box.variables import with_variables
from pybuild.model.site import Site

ONE_OF_A_KIND: tuple[Kind, ...] = ("prgenv", "cpu", "accelerator", "network", "hugepages")
"""Kinds of which a Cray lets only one be loaded, whether or not the site file says so."""

BROUGHT = re.compile(
    r"cray-libsci|cray-dsmml|udreg|ugni|pmi|cray-pmi.*|dmapp|gni-headers|xpmem|dvs|alps|rca|atp|libfabric|job"
)
"""What of a baseline the programming environments bring themselves: Cori's list, and that of Cray EX."""


def derive_modules(site: Site, layout: Layout) -> tuple[BoxModule, ...]:
    """Return every module of the box, sorted by name, the default version of each first."""
    names = module_names(site)
    kinds = {name: kind_of(name) for name in names}
    layout = replace(layout, accelerators=_accelerators(kinds))
    families = _families(site, kinds)
    modules = tuple(
        _module(site, layout, name, version, position == 0)
        for name, versions in sorted(names.items())
        for position, version in enumerate(versions)
    )
    modules = tuple(_with_needs(site, _with_rivals(module, families)) for module in modules)
    return with_variables(site, layout, tuple(_with_loads(site, module, kinds) for module in modules))


def _module(site: Site, layout: Layout, name: str, version: str, default: bool) -> BoxModule:
    kind = kind_of(name)
    sets, prepends, appends = effects_of(kind, name, version, layout, site.name)
    return BoxModule(
        name=name, version=version, kind=kind, default=default, sets=sets, prepends=prepends, appends=appends
    )


def _accelerators(kinds: dict[str, Kind]) -> tuple[str, ...]:
    return tuple(accelerator_of(name) for name, kind in kinds.items() if kind == "accelerator")


def _families(site: Site, kinds: dict[str, Kind]) -> dict[str, tuple[str, ...]]:
    """Return the names of each family's members; what the site says comes before what kinds imply."""
    found = {
        name: tuple(module for module in kinds if any(_names(pattern, module) for pattern in patterns))
        for name, patterns in site.modules.families
    }
    placed = {module for members in found.values() for module in members}
    for kind in ONE_OF_A_KIND:
        members = tuple(name for name, one in kinds.items() if one == kind and name not in placed)
        if len(members) > 1:
            found[kind] = members
    return found


def _names(pattern: str, module: str) -> bool:
    return fnmatchcase(module, pattern.partition("/")[0])


def _with_rivals(module: BoxModule, families: dict[str, tuple[str, ...]]) -> BoxModule:
    family = next((name for name, members in families.items() if module.name in members), "")
    others = tuple(sorted(name for name in families.get(family, ()) if name != module.name))
    own = (module.name,) if module.version else ()
    return replace(module, family=family, rivals=(*own, *others))


def _with_needs(site: Site, module: BoxModule) -> BoxModule:
    """On Cray EX the netCDF modules are not even visible before one of HDF5 is loaded."""
    if module.kind != "netcdf" or not module.name.startswith("cray-") or is_xc(site):
        return module
    needed = "cray-hdf5-parallel" if is_parallel(module.name) else "cray-hdf5"
    return replace(module, needs=(needed,))


def _with_loads(site: Site, module: BoxModule, kinds: dict[str, Kind]) -> BoxModule:
    """A programming environment brings its compiler, the wrappers, the network's modules, and perhaps MPI."""
    if module.kind != "prgenv":
        return module
    named = {*site.modules.baseline, *(one.module for one in operations(site) if one.kind != "unload")}
    has_mpi = any(kind_of(name.partition("/")[0]) == "mpi" for name in named)
    compiler = prgenv_suite(module.name).module
    others = {prgenv_suite(name).module for name, kind in kinds.items() if kind == "prgenv"} - {compiler}
    brought = tuple(name for name in site.modules.baseline if BROUGHT.fullmatch(name.partition("/")[0]))
    loads = (compiler, "craype", *brought, *(() if has_mpi else ("cray-mpich",)))
    return replace(module, loads=loads, replaces=tuple(sorted(others)))
