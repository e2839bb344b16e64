"""Which file each library name becomes when a program starts or Python imports an extension.

The rules are the dynamic loader's (ld.so(8)); nothing is run, and files need not be in place yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.errors import VerificationError
from pybuild.verify.elf import ElfFacts
from pybuild.verify.reader import Reader
from pybuild.verify.search import Loaded, candidates
from pybuild.verify.system import SystemLibraries, system_libraries
from pybuild.verify.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one needed name became.

    Attributes:
        path: final path as the loader spells it, None where it is found nowhere.
        real: the same with links followed.
        needer: final path of the first file that needs it.
    """

    name: str
    path: str | None
    real: str | None
    needer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingVersion:
    """A symbol version that a file needs and the library that it gets does not have."""

    needer: str
    library: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Everything that one file brings into a process, itself left out."""

    path: str
    facts: ElfFacts
    found: tuple[Found, ...]
    versions: tuple[MissingVersion, ...]


class Loader(Reader):
    """Resolves libraries in a tree.

    Args:
        library_path: entries of the LD_LIBRARY_PATH that runs will have.
        system: what the machine's loader knows by itself; asked for where None.
    """

    def __init__(
        self, tree: Tree, *, library_path: tuple[str, ...] = (), system: SystemLibraries | None = None
    ) -> None:
        super().__init__(tree)
        self.library_path = library_path
        self.system = system_libraries() if system is None else system

    def closure(self, path: str, *, main: str | None = None) -> Closure:
        """Return what the file at a final path brings into a process.

        Args:
            main: final path of the program that loads it (the interpreter for an extension module):
                its libraries are there first, and its DT_RPATH counts. None for programs.

        Raises:
            VerificationError: ``path`` or ``main`` is missing, not ELF, or damaged.
        """
        space = _Space(self)
        if main is not None:
            # The kernel starts a program by its real path: /proc/self/exe is what $ORIGIN goes by.
            space.main = space.load(self.tree.real(main) or main, None)
            space.fill(space.main)
        start = space.load(path, space.main)
        space.fill(start)
        reached = _reach(start)
        return Closure(
            path=path,
            facts=start.facts,
            found=_found(reached),
            versions=tuple(missing for node in reached for missing in _missing_versions(node, space)),
        )


class _Space:
    """The files of one process."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.main: Loaded | None = None
        self.loaded: list[Loaded] = []

    def load(self, path: str, parent: Loaded | None) -> Loaded:
        facts = self.loader.facts(path)
        real = self.loader.tree.real(path)
        if facts is None or real is None:
            raise VerificationError(f"{path}: is missing or not an ELF file, expected a program or library")
        for node in self.loaded:
            if node.real == real:
                return node
        node = Loaded(path=path, real=real, facts=facts, parent=parent)
        if facts.soname is not None:
            node.names.add(facts.soname)
        self.loaded.append(node)
        if parent is None and facts.interpreter and self.loader.facts(facts.interpreter):
            self.load(facts.interpreter, node)
        return node

    def named(self, name: str) -> Loaded | None:
        return next((node for node in self.loaded if name in node.names), None)

    def fill(self, start: Loaded) -> None:
        """Load what ``start`` needs, breadth first: the order decides who is first to bring a name in."""
        queue = [start]
        for node in queue:
            for name in node.facts.needed:
                hit = self.named(name)
                if hit is None:
                    hit = self._search(name, node)
                    if hit is not None:
                        hit.names.add(name)
                if hit is not None and hit not in queue:
                    queue.append(hit)
                node.needs[name] = hit

    def _search(self, name: str, asker: Loaded) -> Loaded | None:
        loader = self.loader
        for path in candidates(name, asker, library_path=loader.library_path, system=loader.system):
            facts = loader.facts(path)
            # Libraries for another processor are passed over, as the loader does.
            if facts is not None and (facts.bits, facts.machine) == (asker.facts.bits, asker.facts.machine):
                return self.load(path, asker)
        return None


def _reach(start: Loaded) -> list[Loaded]:
    queue = [start]
    for node in queue:
        queue.extend(
            hit for hit in dict.fromkeys(node.needs.values()) if hit is not None and hit not in queue
        )
    return queue


def _found(reached: list[Loaded]) -> tuple[Found, ...]:
    found: dict[str, Found] = {}
    for node in reached:
        for name, hit in node.needs.items():
            path, real = (None, None) if hit is None else (hit.path, hit.real)
            found.setdefault(name, Found(name=name, path=path, real=real, needer=node.path))
    return tuple(found.values())


def _missing_versions(node: Loaded, space: _Space) -> list[MissingVersion]:
    missing = []
    for name, version in node.facts.version_needs:
        library = node.needs.get(name) or space.named(name)
        # A library without any versions only draws a warning from the loader: glibc's elf/dl-version.c.
        if library is None or not library.facts.version_definitions:
            continue
        if version not in library.facts.version_definitions:
            missing.append(MissingVersion(needer=node.path, library=library.path, version=version))
    return missing
