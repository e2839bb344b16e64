"""One C library with a program, as a project of each build system."""

from __future__ import annotations

from collections.abc import Mapping

from tests.end_to_end import toys

CODE = """
#include "toylib.h"
const char *toylib_root(void) { return ROOT; }
"""
HEADER = "const char *toylib_root(void);\n"
PROGRAM = """
#include <stdio.h>
#include "toylib.h"
int main(void) { puts(toylib_root()); return 0; }
"""
_PC = """prefix=@ROOT@
Name: toylib
Description: toy
Version: 1.0
Libs: -L${prefix}/lib -ltoylib
Cflags: -I${prefix}/include
"""
_MAKEFILE = """
prefix = /usr/local
all: libtoylib.so toyprog
libtoylib.so: toylib.c
\t$(CC) $(CFLAGS) $(CPPFLAGS) -DROOT='"$(prefix)"' -fPIC -shared -o $@ toylib.c $(LDFLAGS)
toyprog: libtoylib.so toyprog.c
\t$(CC) $(CFLAGS) $(CPPFLAGS) -o $@ toyprog.c -L. -ltoylib $(LDFLAGS) -Wl,-rpath,$(prefix)/lib
install: all
\tmkdir -p $(DESTDIR)$(prefix)/lib/pkgconfig $(DESTDIR)$(prefix)/include $(DESTDIR)$(prefix)/bin
\tcp libtoylib.so $(DESTDIR)$(prefix)/lib
\tcp toyprog $(DESTDIR)$(prefix)/bin
\tcp toylib.h $(DESTDIR)$(prefix)/include
\tsed 's,@ROOT@,$(prefix),' toylib.pc.in > $(DESTDIR)$(prefix)/lib/pkgconfig/toylib.pc
\techo "dependency_libs=$(CURDIR)" > $(DESTDIR)$(prefix)/lib/libtoylib.la
"""
_CONFIGURE = """#!/bin/sh
for word in "$@"; do case "$word" in --prefix=*) prefix="${word#--prefix=}" ;; esac; done
sed "s,^prefix = .*,prefix = $prefix," Makefile.in > Makefile
"""
_CMAKE = """
cmake_minimum_required(VERSION 3.10)
project(toylib C)
add_library(toylib SHARED toylib.c)
target_compile_definitions(toylib PRIVATE ROOT="${CMAKE_INSTALL_PREFIX}")
add_executable(toyprog toyprog.c)
target_link_libraries(toyprog toylib)
include(GNUInstallDirs)
install(TARGETS toylib toyprog)
install(FILES toylib.h TYPE INCLUDE)
set(ROOT ${CMAKE_INSTALL_PREFIX})
configure_file(toylib.pc.in toylib.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/toylib.pc DESTINATION lib/pkgconfig)
"""
_MESON = """
project('toylib', 'c')
root = get_option('prefix')
toylib = shared_library('toylib', 'toylib.c', c_args: '-DROOT="' + root + '"', install: true)
executable('toyprog', 'toyprog.c', link_with: toylib, install: true, install_rpath: root / 'lib')
install_headers('toylib.h')
configure_file(input: 'toylib.pc.in', output: 'toylib.pc', configuration: {'ROOT': root},
               install_dir: 'lib/pkgconfig')
"""
_SHELL = """|
    make CC="$CC" prefix="$PREFIX" -f toy.mk all
    make prefix="$PREFIX" DESTDIR="$DESTDIR" -f toy.mk install"""
BUILDS: dict[str, tuple[dict[str, str], str]] = {
    "autotools": (
        {"configure": _CONFIGURE, "Makefile.in": _MAKEFILE},
        "system: autotools\n  before: chmod +x configure",
    ),
    "make": ({"Makefile": _MAKEFILE}, 'system: make\n  args: ["prefix=${{ host }}"]'),
    "cmake": ({"CMakeLists.txt": _CMAKE}, "system: cmake"),
    "meson": ({"meson.build": _MESON}, "system: meson"),
    "shell": ({"toy.mk": _MAKEFILE}, f"system: shell\n  script: {_SHELL}"),
}
"""Files of each build system, and the recipe's ``build``."""

FILES = {"toylib.c": CODE, "toylib.h": HEADER, "toyprog.c": PROGRAM, "toylib.pc.in": _PC}

RECIPE = """
name: {name}
about: {{summary: a toy, homepage: "https://example.org", license: MIT}}
source: {{pypi: {name}}}
versions:
  "1.0": {{sha256: {sha256}}}
requirements:
  virtual: [compiler]
{more}build:
  {build}
tests:
  - command: [toyprog]
"""


def sdist(system: str, files: Mapping[str, str] | None = None) -> toys.File:
    """Return the archive of toylib 1.0 with the files of one build system, some of them changed."""
    return toys.sdist("toylib", "1.0", {**FILES, **BUILDS[system][0], **(files or {})})


def recipe(file: toys.File, build: str, *, more: str = "", name: str = "toylib") -> str:
    """Return a recipe of it."""
    return RECIPE.format(name=name, sha256=file.sha256, build=build, more=more)
