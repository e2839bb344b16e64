"""A lock whose machine, site or recipe has changed says what, in words, before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.locks import Repository
from tests.end_to_end.project import Project, changed, snapshot
from tests.modules.tools import five

MODULES = """
modules:
  tool: tcl
  init: [{init}]
  folders: [{folder}]
  baseline: [toybase]
  neutral: [weather]
"""

PROVIDER = """\
    - name: toy-mpich
      where: site
      modules: [{load: toy-mpich}]
      fields: {cc: gcc, mpiexec: env, shared: -shared, soname: libmpi}
      identity: toy-mpich ${{ env.TOY_MPICH_VERSION }}
"""


@pytest.fixture
def repository(project: Project) -> Repository:
    """A locked stack of one extension."""
    repository = Repository(project)
    repository.locked()
    return repository


def drift(repository: Repository) -> list[str]:
    """Return what ``stack plan`` finds; nothing is built or written for it."""
    project = repository.project
    before = snapshot(repository.folder, project.channel, project.cache / "sources", repository.root)
    done = repository.run("plan", "--json")
    assert changed(before, snapshot(repository.folder, project.channel, project.cache / "sources",
                                    repository.root)) == []  # fmt: skip
    found: list[str] = done.data["drift"]
    assert done.code == (4 if found else 0), done.err
    assert (f"pybuild stack lock {repository.file}" in done.err) == bool(found)
    return found


def test_nothing_has_drifted(repository: Repository) -> None:
    """A comment in a recipe, or one more version of it, is no drift."""
    assert drift(repository) == []
    path = repository.project.recipes / "toyext/recipe.yaml"
    path.write_text(path.read_text() + "# more words\n")
    newer = toys.sdist("toyext", "3.0")
    text = path.read_text()
    path.write_text(text.replace("versions:\n", f'versions:\n  "3.0": {{sha256: {newer.sha256}}}\n'))
    assert drift(repository) == []
    pure = toys.wheel("setuptools", "99.0")
    own = Path(__file__).parents[2] / "recipes/setuptools/recipe.yaml"
    text = own.read_text().replace(
        "versions:\n", f'versions:\n  "99.0":\n    wheels: {{{pure.name}: {pure.sha256}}}\n', 1
    )
    repository.project.recipe("setuptools", text)
    assert drift(repository) == [], "a newer build tool does not come into a locked build"


def test_a_source_hash_and_a_recipe(repository: Repository) -> None:
    """Named by file, with both hashes."""
    path = repository.project.recipes / "toyext/recipe.yaml"
    new = toys.sdist("toyext", "2.0", {"more.txt": "more"})
    old = toys.sdist("toyext", "2.0")
    path.write_text(path.read_text().replace(old.sha256, new.sha256))
    (found,) = drift(repository)
    assert found == (
        f"toyext would be built differently: toyext-2.0.tar.gz has another SHA-256 ({new.sha256[:12]}…, "
        f"was {old.sha256[:12]}…), its recipe has changed"
    )


def test_a_version_that_is_gone(repository: Repository) -> None:
    """Without its recipe's version, nothing else is taken in its place."""
    path = repository.project.recipes / "toyext/recipe.yaml"
    path.write_text("".join(x for x in path.read_text().splitlines(True) if not x.startswith('  "2.0"')))
    (found,) = drift(repository)
    assert "toyext" in found
    assert "2.0" in found


def test_the_compiler(repository: Repository) -> None:
    """What it says of itself is locked; the packages that it would build otherwise are named."""
    project = repository.project
    folder = project.root / "bin"
    folder.mkdir()
    gcc = folder / "gcc"
    gcc.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo "gcc (Toy) 99.1.0"; exit; }\nexec /usr/bin/gcc "$@"\n'
    )
    gcc.chmod(0o755)
    project.environ["PATH"] = f"{folder}:{project.environ['PATH']}"
    found = drift(repository)
    assert found[0].startswith(
        f"the compiler was {repository.lock.site.compiler} and is now gcc (Toy) 99.1.0"
    )
    assert found[1:] == ["toyext would be built differently"]


def test_the_site_file(repository: Repository) -> None:
    """Its rules govern how releases run, which no key knows: any change of it is told."""
    repository.project.site(more="# another line\n")
    assert drift(repository) == ["the site's file (toy) has changed"]
    repository.locked()
    assert drift(repository) == []


def test_a_provider_that_a_recipe_makes(repository: Repository) -> None:
    """Another MPI, in the same version, is another identity and another extension."""
    project = repository.project
    other = toys.mpi_wheel("toympi", project.root / "other", job="TOY_RANK=$rank")
    project.recipe("toympi", toys.mpi_recipe(other))
    found = drift(repository)
    assert found[0].startswith("mpi provider was toympi 1.0 py311_toy_h")
    assert any(
        text.startswith("toympi would be built differently: toympi-1.0-py3-none-any.whl has")
        for text in found
    )


def test_a_lock_older_than_its_stack_file(repository: Repository) -> None:
    """Is told as such, whatever else there is."""
    repository.write(keep=4)
    done = repository.run("plan")
    assert done.code == 4
    assert "has changed since its lock was made" in done.err
    assert f"hint: pybuild stack lock {repository.file}" in done.err
    repository.locked()
    repository.run("plan").done()


def test_modules(project: Project) -> None:
    """A new default version of a loaded module, as maintenance brings it; neutral modules may change."""
    folder = project.root / "modulefiles"
    for module, text in {
        "toybase/1": "", "weather/1": "",
        "toy-mpich/8.1.25": "setenv TOY_MPICH_VERSION 8.1.25\nmodule load weather",
    }.items():  # fmt: skip
        path = folder / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#%Module1.0\n{text}\n")
    site = toys.site(more=MODULES.format(init=five().init, folder=folder))
    before, rest = site.split("  mpi:\n")
    site = before + "  mpi:\n" + PROVIDER + rest[rest.index("launcher:") :]
    (project.sites / "toy.yaml").write_text(site)
    repository = Repository(project)
    lock = repository.locked()
    assert lock.site.modules == ("toy-mpich/8.1.25", "toybase/1")
    assert lock.site.identities == (("mpi", "toy-mpich 8.1.25"),)
    assert drift(repository) == []

    (folder / "weather/1").rename(folder / "weather/2")
    assert drift(repository) == []
    new = folder / "toy-mpich/8.1.28"
    new.write_text((folder / "toy-mpich/8.1.25").read_text().replace("8.1.25", "8.1.28"))
    assert drift(repository) == [
        "module toy-mpich was 8.1.25 and is now 8.1.28",
        "mpi provider was toy-mpich 8.1.25 and is now toy-mpich 8.1.28",
        "toyext would be built differently",
    ]
    for path in (folder / "toy-mpich").iterdir():
        path.unlink()
    gone = repository.run("plan")
    assert gone.code == 9, gone.err
    assert "toy-mpich" in gone.err
