"""The libraries that the machine's loader knows by itself: its cache and its default directories."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pybuild.process import capture

_ENVIRONMENT = {"PATH": "/sbin:/usr/sbin:/bin:/usr/bin", "LC_ALL": "C"}
# "\tlibz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1", as printed by ldconfig(8)
_LINE = re.compile(r"\s+(?P<name>\S+) \((?P<flags>[^)]*)\) => (?P<path>/.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLibraries:
    """What the loader finds without being told where.

    Attributes:
        cache: library name to paths, in the order of the cache.
        directories: searched after the cache.
        lib: what ``$LIB`` stands for.
    """

    cache: Mapping[str, tuple[str, ...]]
    directories: tuple[str, ...]
    lib: str


@functools.cache
def system_libraries() -> SystemLibraries:
    """Return what this machine's loader knows; asked once per process.

    Where ``ldconfig`` is missing, the cache is empty and only the default directories count.
    """
    for program in ("/sbin/ldconfig", "ldconfig"):
        answer = capture([program, "-p"], env=_ENVIRONMENT)
        if answer.code == 0:
            return parse_cache(answer.out)
    return parse_cache("")


def parse_cache(text: str) -> SystemLibraries:
    """Return what the output of ``ldconfig -p`` says.

    Variants for particular processors (``hwcap``) are left out:
    which one is taken depends on the node that will run, and each has its plain sibling.
    """
    cache: dict[str, tuple[str, ...]] = {}
    lib = "lib64"
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None or "hwcap" in match["flags"]:
            continue
        cache[match["name"]] = (*cache.get(match["name"], ()), match["path"])
        # A flag beside libc6 marks the 64-bit C library; ``$LIB`` is the folder that it was installed to.
        if match["name"] == "libc.so.6" and "," in match["flags"]:
            lib = re.sub(r"^/(usr/)?|/libc\.so\.6$", "", match["path"])
    # ld.so(8): /lib and /usr/lib, on some 64-bit architectures /lib64 and /usr/lib64; Debian's is multiarch.
    directories = tuple(dict.fromkeys((f"/{lib}", f"/usr/{lib}", "/lib", "/usr/lib")))
    return SystemLibraries(cache=MappingProxyType(cache), directories=directories, lib=lib)
