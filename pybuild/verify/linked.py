"""The level ``linked``: read from ELF files, before or after a prefix has them, without running anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from pybuild.errors import VerificationError
from pybuild.model.plan import PlannedCheck
from pybuild.verify import extension, linkproblems
from pybuild.verify.families import FAMILIES, check_one, libraries_of
from pybuild.verify.resolve import Closure, Loader
from pybuild.verify.tree import Tree

HUGE_PAGES = (
    "it takes over the memory of an interpreter that was not made for it; "
    "unload the huge-pages module (craype-hugepages*) before building"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What the site and the prefix say about linking.

    Attributes:
        interpreter: final path of the prefix's Python; its libraries are loaded before an extension's.
        library_path: entries of the LD_LIBRARY_PATH that runs will have.
        expected: (``soname`` of a check, final path of the provider's library) pairs.
        users: ELF files of the whole prefix, relative to it, that need MPI or HDF5; see ``find_users``.
        forbidden: folders that no RUNPATH may point into: stages, overlays, host prefixes.
        refused: (stem of a library that nothing may bring in, why and what keeps it out).
        absent: names of libraries that only compute nodes have (``libcuda.so.1``): they may be missing here.
    """

    interpreter: str | None = None
    library_path: tuple[str, ...] = ()
    expected: tuple[tuple[str, str], ...] = ()
    users: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = (("libhugetlbfs", HUGE_PAGES),)
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedLibrary:
    """A provider's library that a package is bound to.

    Attributes:
        path: final path with links followed.
        sha256: of the file, for later comparison.
    """

    name: str
    path: str
    soname: str | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """What the ELF files of a package say.

    Attributes:
        problems: one sentence each, empty where the package is linked as it must be.
        checked: the ELF files that were looked at, relative to the prefix.
    """

    problems: tuple[str, ...]
    libraries: tuple[LinkedLibrary, ...]
    checked: tuple[str, ...]

    def demand(self) -> LinkReport:
        """Return the report itself.

        Raises:
            VerificationError: there are problems.
        """
        if self.problems:
            raise VerificationError("\n".join(self.problems))
        return self


def check_linked(
    tree: Tree, files: Iterable[str], checks: Iterable[PlannedCheck], *, rules: LinkRules
) -> LinkReport:
    """Return what is right and wrong about the way a package is linked.

    Args:
        files: the package's files relative to the prefix; those that are not ELF are passed over.
        checks: the package's checks; those without ``module`` or ``file`` and ``soname`` are not for here.

    Opens the package's files, ``rules.users`` and the libraries that these lead to, and nothing else.
    """
    loader = Loader(tree, library_path=rules.library_path)
    review = _Review(loader, rules)
    review.look_at(files)
    for check in checks:
        if check.module and check.soname:
            review.check_module(check.module, check.soname)
        elif check.file and check.soname:
            review.check_file(check.file, check.soname)
    review.check_families()
    closures = tuple(review.closures.values())
    problems = review.problems + linkproblems.find_problems(
        closures, loader, forbidden=rules.forbidden, refused=rules.refused, absent=rules.absent
    )
    return LinkReport(
        problems=tuple(dict.fromkeys(problems)),
        libraries=tuple(_library(name, path, loader) for path, name in review.libraries.items()),
        checked=tuple(review.closures),
    )


class _Review:
    """Collects closures, provider libraries and problems of one package."""

    def __init__(self, loader: Loader, rules: LinkRules) -> None:
        self.loader = loader
        self.rules = rules
        # An interpreter that is a script has no libraries of its own to reckon with.
        self.main = rules.interpreter if rules.interpreter and loader.facts(rules.interpreter) else None
        self.closures: dict[str, Closure] = {}
        self.libraries: dict[str, str] = {}
        self.problems: list[str] = []

    def look_at(self, files: Iterable[str]) -> None:
        host = self.loader.facts(self.main) if self.main else None
        for path in files:
            try:
                facts = self.loader.facts(self.loader.tree.final(path))
                if facts is None or facts.kind not in {"shared", "executable"}:
                    continue
                if host is not None and (facts.bits, facts.machine) != (host.bits, host.machine):
                    continue  # data for another processor: nothing here will load it
                self._close(path, shared=facts.kind == "shared")
            except VerificationError as error:
                self.problems.append(error.message)

    def check_module(self, module: str, soname: str) -> None:
        paths, problems = extension.look_for(module, self.loader)
        self.problems += problems
        for path in paths:
            self._checked(path, soname, extension.check_shape)

    def check_file(self, path: str, soname: str) -> None:
        if self.loader.tree.disk(self.loader.tree.final(path)) is None:
            self.problems.append(f"{path}: the package has no such file, expected one that links {soname}")
            return
        self._checked(path, soname, extension.check_file_shape)

    def _checked(self, path: str, soname: str, shape: extension.Shape) -> None:
        try:
            self._check_links(path, soname, shape)
        except VerificationError as error:
            self.problems.append(error.message)

    def check_families(self) -> None:
        own = tuple(self.closures.values())
        others = [path for path in self.rules.users if path not in self.closures]
        for family in FAMILIES:
            try:
                problem = check_one(family, own, others, self.loader, self.main or "")
                for closure in own:
                    self.libraries |= dict.fromkeys(libraries_of(family, closure, self.loader), family.name)
            except VerificationError as error:
                problem = error.message
            self.problems += [problem] if problem else []

    def _check_links(self, path: str, soname: str, shape: extension.Shape) -> None:
        problem = shape(path, self.loader, extension.symbols_of(soname))
        if problem:
            self.problems.append(problem)
            return
        facts = self.loader.facts(self.loader.tree.final(path))
        closure = self._close(path, shared=facts is not None and facts.kind == "shared")
        expected = dict(self.rules.expected).get(soname)
        hit, problem = extension.check_links(path, soname, closure, expected, self.loader)
        self.problems += [problem] if problem else []
        if hit is not None and hit.real is not None:
            self.libraries.setdefault(hit.real, soname)

    def _close(self, path: str, *, shared: bool) -> Closure:
        if path not in self.closures:
            final = self.loader.tree.final(path)
            self.closures[path] = self.loader.closure(final, main=self.main if shared else None)
        return self.closures[path]


def _library(name: str, path: str, loader: Loader) -> LinkedLibrary:
    facts = loader.facts(path)
    digest = hashlib.sha256()
    with open(loader.tree.disk(path) or path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return LinkedLibrary(
        name=name, path=path, soname=None if facts is None else facts.soname, sha256=digest.hexdigest()
    )
