"""Make a box: a site's modules, compilers, wrappers and libraries below one folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pybuild.box.compilers import write_program
from pybuild.box.derive import derive_modules
from pybuild.box.layout import Layout
from pybuild.box.libraries import gather, match_soname
from pybuild.box.modulefiles import used_folders, write_modulefiles
from pybuild.box.names import is_xc
from pybuild.box.programs import write_programs
from pybuild.box.records import BoxedSite, Kind, Libraries
from pybuild.box.sitefile import site_text
from pybuild.errors import UsageError
from pybuild.model.modules import Operation, Tool
from pybuild.model.nodes import Detect
from pybuild.model.site import Site

FALLBACK_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

STEMS: dict[Kind, str] = {"fftw": "libfftw3", "blas": "libopenblas"}
"""The library of each kind that distributions have a real one of which needs no other MPI than the box's.

Debian builds its parallel netCDF, PnetCDF and FFTW with Open MPI, so those modules are shells in a box.
"""


def make_box(
    site: Site,
    folder: str,
    *,
    tool: Tool,
    init: str,
    mpi: Libraries | None = None,
    hdf5: Libraries | None = None,
    serial_hdf5: Libraries | None = None,
    hugetlbfs: Libraries | None = None,
    others: Mapping[Kind, Libraries] | None = None,
    launcher: tuple[str, ...] | None = None,
    static: bool | None = None,
    pythons: Mapping[str, str] | None = None,
) -> BoxedSite:
    """Imitate a machine below ``folder``, which must not exist or be empty, and return what is there.

    Args:
        tool: the module tool that this machine really has, ``tcl`` or ``lmod``.
        init: the file that defines its ``module`` command for bash.
        mpi, hdf5, serial_hdf5, hugetlbfs: real libraries behind the modules; without them the modules
            load and set their variables, and wrappers add nothing.
        others: the same for kinds that are in ``STEMS``; the other kinds are always shells.
        launcher: what starts ranks here in place of the site's own.
        pythons: interpreters by version (``3.7``) for the site's Python modules, before this machine's.
        static: wrappers link statically unless told otherwise; None: as on XC machines (Aries), else not.

    Raises:
        UsageError: the site has no modules, or the folder cannot be used.
        BuildError: this machine has no C compiler.
    """
    _demand_usable(site, folder)
    folder = os.path.realpath(folder)
    os.makedirs(os.path.join(folder, "bin"), exist_ok=True)
    layout = _with_libraries(site, Layout(folder=folder), mpi, hdf5, serial_hdf5, hugetlbfs)
    layout = replace(layout, others=tuple(_others(site, layout, others or {})))
    layout = replace(layout, static=is_xc(site) if static is None else static)
    modules = derive_modules(site, layout)
    write_modulefiles(modules, layout.below("modulefiles"), tool)
    boxed = _boxed(site, layout, tool, init, launcher)
    used_folders(site, modules, layout, tool)
    notes = write_programs(site, modules, layout, pythons or {})
    return _written(boxed, layout, notes)


def _demand_usable(site: Site, folder: str) -> None:
    if site.abstract or site.modules.tool == "none":
        why = "is only there to be extended" if site.abstract else "has no module tool"
        raise UsageError(f"site {site.name} {why}, so there is nothing to imitate", hint="pybuild site list")
    if any(letter.isspace() or letter in ":\"'$`\\" for letter in folder):
        raise UsageError(
            f"{folder}: has a space, colon, quote, dollar or backslash in its name, "
            "which compilers and module tools do not take",
            hint="choose another folder",
        )
    if os.path.isdir(folder) and os.listdir(folder):
        raise UsageError(f"{folder}: is not empty; expected a new folder", hint="choose another folder")


def _with_libraries(
    site: Site,
    layout: Layout,
    mpi: Libraries | None,
    hdf5: Libraries | None,
    serial: Libraries | None,
    hugetlbfs: Libraries | None,
) -> Layout:
    """Gather the real libraries, under the names that the site expects of them."""
    if mpi is not None:
        root = layout.opt("real-mpi")
        gather(mpi, root)
        layout = replace(layout, mpi=root)
        stem = "libmpich" if os.path.exists(f"{root}/lib/libmpich.so") else "libmpi"
        layout = replace(layout, mpi_link=match_soname(root, stem, _soname(site, "mpi")))
    if hdf5 is not None:
        root = layout.opt("real-hdf5")
        gather(hdf5, root, search=(f"{layout.mpi}/lib",) if layout.mpi else ())
        layout = replace(layout, hdf5=root)
    if serial is not None:
        gather(serial, layout.opt("real-serial-hdf5"))
        layout = replace(layout, serial_hdf5=layout.opt("real-serial-hdf5"))
    if hugetlbfs is not None:
        gather(hugetlbfs, layout.opt("real-hugetlbfs"))
        layout = replace(layout, hugetlbfs=layout.opt("real-hugetlbfs"))
    return layout


def _others(site: Site, layout: Layout, others: Mapping[Kind, Libraries]) -> Iterator[tuple[str, str, str]]:
    for kind, libraries in others.items():
        root = layout.opt(f"real-{kind}")
        gather(libraries, root)
        yield kind, root, match_soname(root, STEMS[kind], _soname(site, kind))


def _soname(site: Site, virtual: str) -> str:
    for one in site.virtuals:
        if one.name == virtual:
            found = (dict(provider.fields).get("soname", "") for provider in one.providers)
            return next((soname for soname in found if soname), "")
    return ""


def _boxed(site: Site, layout: Layout, tool: Tool, init: str, launcher: tuple[str, ...] | None) -> Site:
    modules = replace(site.modules, tool=tool, init=(init,), folders=(layout.below("modulefiles"),))
    started = site.launcher
    if started is not None and launcher is not None:
        started = replace(started, ranks=launcher)
    return replace(
        _with_used_folders(site, layout),
        modules=modules,
        path=(layout.below("bin"), *FALLBACK_PATH),
        detect=Detect(env=site.detect.env),
        launcher=started,
        extends="",
        file=layout.below("sitecfg", f"{site.name}.yaml"),
    )


def _with_used_folders(site: Site, layout: Layout) -> Site:
    """Point each ``use`` of the site into the box."""

    def moved(done: tuple[Operation, ...]) -> tuple[Operation, ...]:
        return tuple(
            replace(one, module=layout.below("use", one.module.strip("/"))) if one.kind == "use" else one
            for one in done
        )

    return replace(
        site,
        targets=tuple(replace(target, modules=moved(target.modules)) for target in site.targets),
        rules=tuple(replace(rule, modules=moved(rule.modules)) for rule in site.rules),
        virtuals=tuple(
            replace(one, providers=tuple(replace(p, modules=moved(p.modules)) for p in one.providers))
            for one in site.virtuals
        ),
    )


def _written(site: Site, layout: Layout, notes: tuple[str, ...]) -> BoxedSite:
    os.makedirs(layout.below("sitecfg"), exist_ok=True)
    os.makedirs(layout.below("etc"), exist_ok=True)
    text = site_text(site)
    with open(site.file, "w", encoding="utf-8") as file:
        file.write(text)
    with open(layout.below("etc", "pythonstart"), "w", encoding="utf-8") as file:
        file.write("# Read by interactive Pythons only; a module of the box names it in PYTHONSTARTUP.\n")
    login = layout.below("login.bash")
    write_program(login, _login_text(site))
    return BoxedSite(
        site=replace(site, text=text),
        folder=layout.folder,
        sites=layout.below("sitecfg"),
        file=site.file,
        modulefiles=layout.below("modulefiles"),
        login=login,
        mpi=layout.mpi,
        hdf5=layout.hdf5,
        notes=notes,
    )


def _login_text(site: Site) -> str:
    lines = [f"# Read by bash: the state of a login shell of {site.name}, in a box."]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in site.detect.env]
    lines += [f". {shlex.quote(path)}" for path in site.modules.init]
    lines += [f"export PATH={shlex.quote(site.path[0])}:$PATH"]
    lines += [f"module use {shlex.quote(path)}" for path in reversed(site.modules.folders)]
    lines += [f"module load {shlex.quote(name)}" for name in site.modules.baseline]
    return "".join(f"{line}\n" for line in lines)
