"""The programs of a box: compilers, wrappers, trackers, Pythons."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping

from pybuild.box.compilers import (
    SYSTEM_PATH,
    build_archive,
    build_shared,
    filled,
    real_compiler,
    write_program,
)
from pybuild.box.effects import GTL
from pybuild.box.kinds import compiler_suite, kind_of
from pybuild.box.layout import Layout
from pybuild.box.records import BoxModule
from pybuild.model.providers import Provider
from pybuild.model.site import Site

LANGUAGES = {"cc": "c", "cxx": "cxx", "fc": "fortran"}
MPI_PROGRAMS = {"mpicc": "c", "mpicxx": "cxx", "mpif90": "fortran", "mpifort": "fortran"}


def write_programs(
    site: Site, modules: tuple[BoxModule, ...], layout: Layout, pythons: Mapping[str, str]
) -> tuple[str, ...]:
    """Write every program and small library of the box; return sentences on what could not be had.

    Args:
        pythons: interpreters by version (``3.7``), before those on the system's path.

    Raises:
        BuildError: this machine's compiler is missing or refuses.
    """
    for module in modules:
        folder = os.path.join(layout.opt(module.name, module.version), "bin")
        if module.kind == "wrappers":
            for name in ("cc", "CC", "ftn"):
                write_program(os.path.join(folder, name), filled("wrapper.bash", {}))
        elif module.kind == "compiler":
            _compiler(module, folder)
        elif module.kind == "mpi" and not module.name.startswith("cray-"):
            for name, language in MPI_PROGRAMS.items():
                write_program(os.path.join(folder, name), _mpi_wrapper(language, layout))
    _named_by_providers(site, modules, layout)
    _libraries(modules, layout)
    _roots(modules, layout)
    _launcher(layout)
    return tuple(_pythons(site, modules, layout, pythons))


def _compiler(module: BoxModule, folder: str) -> None:
    suite = compiler_suite(module.name)
    assert suite is not None
    for program, language in zip(suite.programs, LANGUAGES.values(), strict=True):
        write_program(
            os.path.join(folder, program), _compiler_text(suite.banner.format(module.version), language)
        )


def _compiler_text(banner: str, language: str) -> str:
    return filled("compiler.bash", {"BANNER": banner, "COMPILER": real_compiler(language)})


def _mpi_wrapper(language: str, layout: Layout) -> str:
    root = layout.mpi
    link = f"-L{root}/lib -Wl,--enable-new-dtags,-rpath,{root}/lib {layout.mpi_link}" if root else ""
    return filled(
        "mpi_wrapper.bash",
        {"COMPILER": real_compiler(language), "INCLUDE": f"-I{root}/include" if root else "", "LINK": link},
    )


def _named_by_providers(site: Site, modules: tuple[BoxModule, ...], layout: Layout) -> None:
    """Write the compilers and MPI wrappers that providers name and no module of the box brings yet."""
    wrapped = any(module.kind == "wrappers" for module in modules)
    for virtual in site.virtuals:
        for provider in virtual.providers:
            for program, language in _programs(provider):
                if wrapped and program in ("cc", "CC", "ftn"):
                    continue
                folder = _folder(virtual.name, provider, site, modules, layout)
                path = os.path.join(folder, program)
                if not os.path.exists(path):
                    is_mpi = virtual.name == "mpi"
                    text = (
                        _mpi_wrapper(language, layout)
                        if is_mpi
                        else _compiler_text(f"{program} (box)", language)
                    )
                    write_program(path, text)


def _programs(provider: Provider) -> Iterator[tuple[str, str]]:
    """Yield (program, language) of a provider that comes with the machine; paths are left alone."""
    if provider.where not in ("site", "path"):
        return
    named = {field: value.split(" ")[0] for field, value in provider.fields}
    named |= {field: names[0] for field, names in provider.programs}
    for field, language in LANGUAGES.items():
        program = named.get(field, "")
        if program and "/" not in program and "$" not in program:
            yield program, language


def _folder(
    virtual: str, provider: Provider, site: Site, modules: tuple[BoxModule, ...], layout: Layout
) -> str:
    """Return the folder of programs of the module that brings a provider, else the box's own."""
    kind = virtual.partition("[")[0]
    loaded = [one.module for one in provider.modules if one.kind not in ("unload", "use")]
    for name in (*reversed(loaded), *reversed(site.modules.baseline)):
        stem, _, version = name.partition("/")
        if kind_of(stem) == kind:
            fits = (m for m in modules if m.name == stem and (m.version == version if version else m.default))
            for module in fits:
                return os.path.join(layout.opt(module.name, module.version), "bin")
    return layout.below("bin")


def _libraries(modules: tuple[BoxModule, ...], layout: Layout) -> None:
    """Make the libraries that trackers and the GPU transport layer add to a link: real, and idle."""
    wanted = [(layout.opt(m.name, m.version), m.name) for m in modules if m.kind == "tracker"]
    if any(module.kind == "accelerator" for module in modules):
        wanted += [(layout.opt("mpi-gtl"), name) for name in GTL.values()]
    for root, name in wanted:
        source = os.path.join(root, "src", f"{name}.c")
        os.makedirs(os.path.dirname(source), exist_ok=True)
        symbol = "".join(letter if letter.isalnum() else "_" for letter in name)
        with open(source, "w", encoding="utf-8") as file:
            file.write(f"int {symbol}_in_a_box(void) {{ return 1; }}\n")
        library = os.path.join(root, "lib", f"lib{name}.so")
        build_shared(source, library, f"-Wl,-soname,lib{name}.so.0")
        os.rename(library, f"{library}.0")
        os.symlink(f"lib{name}.so.0", library)
        build_archive(source, os.path.join(root, "lib", f"lib{name}.a"))


def _roots(modules: tuple[BoxModule, ...], layout: Layout) -> None:
    """Give every product without real libraries an empty root, as its variables say that there is one."""
    for module in modules:
        if module.kind in ("mpi", "hdf5", "netcdf", "pnetcdf", "fftw", "blas"):
            for name in ("include", "lib"):
                os.makedirs(os.path.join(layout.opt(module.name, module.version), name), exist_ok=True)


def _launcher(layout: Layout) -> None:
    """Put ``mpiexec`` on the PATH where the box has one; it finds its own programs beside itself."""
    for name in ("mpiexec.hydra", "mpiexec"):
        program = os.path.join(layout.mpi, "bin", name)
        if layout.mpi and os.path.exists(program):
            write_program(layout.below("bin", "mpiexec"), f'#!/bin/bash\nexec {program} "$@"\n')
            return


def _pythons(
    site: Site, modules: tuple[BoxModule, ...], layout: Layout, pythons: Mapping[str, str]
) -> Iterator[str]:
    versions = {entry.module: entry.python for entry in site.python_modules}
    for module in modules:
        if module.kind != "python":
            continue
        wanted = versions.get(module.full(), versions.get(module.name, "3"))
        folder = os.path.join(layout.opt(module.name, module.version), "bin")
        real = pythons.get(wanted) or shutil.which(f"python{wanted}", path=SYSTEM_PATH)
        for name in dict.fromkeys(("python", f"python{wanted[0]}", f"python{wanted}")):
            path = os.path.join(folder, name)
            if real is None:
                sentence = f"{module.full()}: this machine has no Python {wanted} to put into the box"
                write_program(path, filled("no_python.bash", {"PYTHON": wanted, "SENTENCE": sentence}))
            else:
                os.makedirs(folder, exist_ok=True)
                os.symlink(os.path.realpath(real), path)
        if real is None:
            yield sentence
