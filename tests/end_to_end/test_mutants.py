"""Recipes that are wrong on purpose: each is refused by a sentence and reaches neither channel nor prefix.

A mutant takes a recipe that installs and proves itself, and changes one thing that makes the result wrong.
tests/h5py does the same with a real package, tests/authoring with the hashes of every recipe that is shipped.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.end_to_end import toys
from tests.end_to_end.conftest import Store
from tests.end_to_end.project import Project
from tests.servers import Listed

Recipe = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    """One wrong thing.

    Attributes:
        change: makes the recipe wrong, or what the index serves.
        said: what pybuild must say.
        of: the package whose recipe is changed.
    """

    name: str
    change: Callable[[Recipe, Project, Store], None]
    said: str
    of: str = "toyext"


def flipped(digest: str, place: int) -> str:
    """Return a hash with one digit changed."""
    digit = "0" if digest[place] != "0" else "1"
    return digest[:place] + digit + digest[place + 1 :]


def flip(place: int) -> Callable[[Recipe, Project, Store], None]:
    """Change one digit of the hash of every version."""

    def change(recipe: Recipe, project: Project, store: Store) -> None:
        for release in recipe["versions"].values():
            if "sha256" in release:
                release["sha256"] = flipped(release["sha256"], place)
            for wheel, digest in release.get("wheels", {}).items():
                release["wheels"][wheel] = flipped(digest, place)

    return change


def drop(*path: str) -> Callable[[Recipe, Project, Store], None]:
    """Remove one key, or one item of a list."""

    def change(recipe: Recipe, project: Project, store: Store) -> None:
        part: Any = recipe
        for key in path[:-1]:
            part = part[key]
        if isinstance(part, list):
            part.remove(path[-1])
        else:
            del part[path[-1]]

    return change


def put(value: object, *path: str) -> Callable[[Recipe, Project, Store], None]:
    """Give a key another value."""

    def change(recipe: Recipe, project: Project, store: Store) -> None:
        part: Any = recipe
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value

    return change


def swap(recipe: Recipe, project: Project, store: Store) -> None:
    """Let the index serve another archive under the name."""
    other = toys.sdist("toyext", "1.0", {"toyext/__init__.py": "version = '1.0'  # another\n"})
    project.server.index("toyext", [Listed(other.name, other.body)])


def truncate(recipe: Recipe, project: Project, store: Store) -> None:
    """Let the index serve the first half of the archive."""
    file = store.extensions[0]
    project.server.index("toyext", [Listed(file.name, file.body[: len(file.body) // 2])])


def hostile(member: tarfile.TarInfo) -> Callable[[Recipe, Project, Store], None]:
    """Serve an archive with one member more, and name its hash in the recipe: its author is hostile."""

    def change(recipe: Recipe, project: Project, store: Store) -> None:
        with tarfile.open(fileobj=io.BytesIO(store.extensions[0].body)) as archive:
            members = [(one, archive.extractfile(one).read()) for one in archive if one.isfile()]  # type: ignore[union-attr]
        body = toys.tarball([*members, (member, b"evil\n")])
        file = toys.File(store.extensions[0].name, body)
        project.serve(file)
        recipe["versions"] = {"1.0": {"sha256": file.sha256}}

    return change


def member(name: str, *, link: str = "", kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """Return a member of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def mutants() -> Iterator[Mutant]:
    """Yield every mutant."""
    for place in (0, 31, 63):
        yield Mutant(f"hash of the source, digit {place}", flip(place), "sha256")
        yield Mutant(f"hash of the MPI's wheel, digit {place}", flip(place), "sha256", of="toympi")
    yield Mutant("another archive", swap, "sha256")
    yield Mutant("half an archive", truncate, "sha256")
    escaping = {
        "above": member("toyext-1.0/../../evil"),
        "absolute": member("/tmp/evil"),
        "link": member("toyext-1.0/link", link="../../../../etc", kind=tarfile.SYMTYPE),
        "hard link": member("toyext-1.0/hard", link="../../../etc/passwd", kind=tarfile.LNKTYPE),
        "device": member("toyext-1.0/device", kind=tarfile.CHRTYPE),
        "pipe": member("toyext-1.0/pipe", kind=tarfile.FIFOTYPE),
    }
    for name, info in escaping.items():
        yield Mutant(f"member: {name}", hostile(info), "toyext-1.0.tar.gz")
    yield Mutant("compiler without MPI", drop("build", "env", "CC"), "")
    shared = "${{ mpi.cc }} -shared -Wl,-z,nodlopen -nodefaultlibs -Wl,--unresolved-symbols=ignore-all"
    yield Mutant("linker of another machine", put("gcc -shared", "build", "env", "LDSHARED"), "is not linked")
    yield Mutant("flag that drops the search path", put(shared.replace("${{ mpi.cc }}", "gcc"),
                 "build", "env", "LDSHARED"), "is not linked to libmpi")  # fmt: skip
    yield Mutant("no MPI asked for", put(["compiler"], "requirements", "virtual"), "mpi")
    yield Mutant("no build requirement", drop("requirements", "build", "setuptools"), "setuptools")
    yield Mutant("another system", put("autotools", "build", "system"), "configure")
    yield Mutant("another package's index project", put("toypure", "source", "pypi"), "toypure")
    yield Mutant("a version that is not there", put({"9.9": {"sha256": "a" * 64}}, "versions"), "9.9")
    yield Mutant("a Python that is not ours", put({"1.0": {"sha256": "a" * 64, "python": "<3"}}, "versions"),
                 "Python")  # fmt: skip
    yield Mutant("needs itself", put(["toyext"], "requirements", "run"), "circle")
    yield Mutant("a library of another name", put("libother", "provides", "mpi", "soname"),
                 "is not linked to libother", of="toympi")  # fmt: skip
    none = "${{ prefix }}/lib/libnone.so"
    yield Mutant("a library that is not there", put(none, "provides", "mpi", "library"),
                 "libnone.so does not exist", of="toympi")  # fmt: skip
    missing = {"links": {"module": "toyext.none", "to": "mpi"}}
    yield Mutant("an import that is not there", put([{"imports": ["toyext.none"]}], "tests"), "toyext.none")
    yield Mutant("a module that is not there", put([missing], "tests"), "toyext.none")


MUTANTS = list(mutants())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: Mutant, bare: Project, store: Store) -> None:
    """It says why, ends with a documented code, and leaves neither package nor prefix; no file outside."""
    path = bare.recipes / mutant.of / "recipe.yaml"
    recipe = yaml.safe_load(path.read_text())
    recipe["versions"] = {"1.0": recipe["versions"]["1.0"]}
    mutant.change(recipe, bare, store)
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    done = bare.install("toyext")
    assert done.code not in (0, 1, 2), done.err
    assert "this should not happen" not in done.err
    assert mutant.said in done.err, done.err
    # An import is tried where the package lies at last; everything else is seen before it is packed.
    if mutant.name != "an import that is not there":
        assert not bare.prefix.exists()
        assert not bare.built("toyext")


def test_the_recipe_itself_is_good(bare: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a mutation it installs and proves itself: what is caught above is the mutation."""
    bare.install("toyext==1.0").done()
    assert "ranked" in str(bare.note("toyext")["level"])
    with capsys.disabled():
        print(f"\n{len(MUTANTS)} mutants of recipes")
