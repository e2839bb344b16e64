"""ccache in front of a build's compilers, where the site has it: in no key; the log says when it served."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pybuild.model.site import CompilerCache

_SERVED = ("direct_cache_hit", "preprocessed_cache_hit")
_COMPILED = "cache_miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How many compilations of a build the cache served, and how many it had to leave to the compiler."""

    served: int
    compiled: int

    def __str__(self) -> str:
        total = self.served + self.compiled
        return f"the compiler cache served {self.served} of {total} compilations"


def with_cache(
    environment: Mapping[str, str], cache: CompilerCache | None, *, stage: Path, home: Path, where: str
) -> dict[str, str]:
    """Return a build's environment with the compiler cache in front of its compilers.

    ccache looks at compiler, arguments and sources. A wrapper that takes its flags from loaded modules
    does other things in another environment without any of these differing, so that each environment
    has a name space of its own within the cache.

    Args:
        stage: the build's folder; paths below it count as the same in every build.
        home: folder of the user's own cache, where the site names no other.
        where: text that is the same in builds whose compilers do the same.
    """
    if cache is None or not os.path.isdir(cache.folder):
        return dict(environment)
    own = {
        "CCACHE_BASEDIR": str(stage),
        # Nothing of the stage is left when somebody debugs what was built there.
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_NAMESPACE": hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()[:16],
        "CCACHE_STATSLOG": str(_stats_log(stage)),
    }
    path = environment.get("PATH", os.defpath)
    named = {name: _by_name(value, cache.folder, path) for name, value in environment.items()}
    # A site says where the cache is and how large, not what builds may share.
    return {**named, "CCACHE_DIR": str(home), **dict(cache.env), **own, "PATH": f"{cache.folder}:{path}"}


def served(stage: Path) -> Served | None:
    """Return what the cache did for the build in ``stage``, None where it was never asked.

    The file is ccache's own (``stats_log`` in its manual, 4.4 and newer): names of counters, one to a line.
    """
    try:
        lines = _stats_log(stage).read_text("utf-8", "replace").split()
    except FileNotFoundError:
        return None
    hits = sum(lines.count(name) for name in _SERVED)
    return Served(served=hits, compiled=lines.count(_COMPILED))


def _by_name(value: str, folder: str, path: str) -> str:
    """Return a compiler's command by its plain name, if the path leads from that to the very same program.

    A compiler that is called by its whole path is called past the cache.
    """
    program, space, rest = value.partition(" ")
    name = os.path.basename(program)
    if not os.path.isabs(program) or not os.path.lexists(os.path.join(folder, name)):
        return value
    found = shutil.which(name, path=path)
    same = found is not None and os.path.exists(program) and os.path.samefile(found, program)
    return f"{name}{space}{rest}" if same else value


def _stats_log(stage: Path) -> Path:
    return stage / "compiler-cache.log"
