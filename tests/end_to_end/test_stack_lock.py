"""``pybuild stack lock``: everything exact, the same again, little change, and plans that keep to it."""

from __future__ import annotations

import grp
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pybuild.load.stack_lock import lock_digest
from tests.end_to_end import toys
from tests.end_to_end.locks import Repository
from tests.end_to_end.project import BASE, ROOT, Outcome, Project, changed, snapshot
from tests.servers import Fault, Listed

ALPHA = """\
Requires-Dist: beta >=1
Requires-Dist: gamma; python_version < "3"
Requires-Dist: toypure
Provides-Extra: more
Requires-Dist: delta ==2.*; extra == "more"
"""

RELEASE = """
import os, sys
sys.path.insert(0, os.environ["PYTHONPATH"])
from pybuild.__main__ import run
from pybuild.cli import main, parser
from pybuild.cli.settings import settings_of
from pybuild.load.stack import load_stack
from pybuild.load.stack_lock import lock_file, read_lock
from pybuild.locking import plan_release
from pybuild.workflow import carry_out
def make(arguments, environ):
    stack = load_stack(arguments.file)
    settings = settings_of(arguments, environ)
    carry_out(plan_release(stack, read_lock(lock_file(stack.file)), arguments.upgrade[0], settings), settings)
    return 0
from pybuild.cli import stack_lock
stack_lock.lock = make
run()
"""
"""A release without the rest of a deployment: the plan of the lock, carried out."""


@pytest.fixture
def repository(project: Project) -> Repository:
    """A stack of an extension, a pure package of a recipe, and wheels that need each other."""
    project.serve(toys.wheel("alpha", "1.0", metadata=ALPHA))
    project.serve(toys.wheel("beta", "1.0"), toys.wheel("beta", "1.5"))
    project.serve(toys.wheel("delta", "2.1"), toys.wheel("delta", "3.0"))
    return Repository(project, {"recipes": ["toyext", "toypure==1.0"], "index": ["alpha[more]"]})


def release(repository: Repository, prefix: Path) -> Outcome:
    """Make a release of the lock at a prefix."""
    argv = [sys.executable, "-c", RELEASE, "stack", "lock", str(repository.file), "--upgrade", str(prefix)]
    done = subprocess.run(
        argv,
        env=repository.project.environ,
        cwd=repository.project.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_everything_is_exact_and_makes_a_release(repository: Repository) -> None:
    """Wheels by hash with what they need here, recipes by key; no second toypure; the release has it all."""
    project = repository.project
    lock = repository.locked()
    assert repository.wheels() == {"alpha": "1.0", "beta": "1.5", "delta": "2.1"}
    alpha = lock.index[0]
    assert alpha.requires == ("beta>=1", "delta==2.*", "toypure")
    assert [wheel.requested for wheel in lock.index] == [True, False, False]
    assert {recipe.name: recipe.version for recipe in lock.recipes} == {
        "pip": "26.3", "toyext": "2.0", "toympi": "1.0", "toypure": "1.0",
    }  # fmt: skip
    assert [name for name, _ in lock.site.identities] == ["mpi"]
    assert "gcc" in lock.site.compiler
    assert not project.server.asked("/files/toypure-2.0-py3-none-any.whl")
    assert not list(project.cache.glob("lock-*"))
    assert len(list(project.cache.glob("bases/[!.]*"))) == 1, "the base for the next time"

    project.server.seen.clear()
    prefix = repository.root / "releases/one"
    release(repository, prefix).done()
    assert project.server.seen == [], "everything is in the cache"
    for name, version in (("alpha", "1.0"), ("delta", "2.1"), ("toypure", "1.0"), ("toyext", "2.0")):
        assert project.imports(name, prefix) == version
    metas = {path.name.rsplit("-", 2)[0] for path in prefix.glob("conda-meta/*.json")}
    assert metas == {"python", "pip", "alpha", "beta", "delta", "toyext", "toympi", "toypure"}
    record = json.loads(next(prefix.glob("conda-meta/alpha-*.json")).read_text())
    assert {"beta >=1", "delta 2.*", "toypure"} <= set(record["depends"])


def test_the_same_again_is_the_same_bytes(repository: Repository) -> None:
    """Also for another user with an empty cache and channel; nothing but the lock is touched."""
    project = repository.project
    data = repository.run("lock", "--json").done().data
    assert (data["changed"], data["digest"]) == (True, lock_digest(repository.lock))
    assert {wheel["name"] for wheel in data["lock"]["index"]} == {"alpha", "beta", "delta"}
    first = repository.lock_file.read_bytes()
    before = snapshot(repository.folder, project.home)
    assert "as before" in repository.run("lock").done().err
    assert changed(before, snapshot(repository.folder, project.home)) == []
    repository.lock_file.unlink()
    elsewhere = project.root / "elsewhere"
    repository.run("lock", "--channel", elsewhere / "channel", "--cache", elsewhere / "cache").done()
    assert repository.lock_file.read_bytes() == first
    shutil.rmtree(elsewhere)


def test_a_lock_again_changes_as_little_as_it_can(repository: Repository) -> None:
    """New releases of everything are passed over, until they are asked for by name or all together."""
    project = repository.project
    repository.locked()
    project.serve(toys.wheel("beta", "1.5"), toys.wheel("beta", "2.0"))
    project.serve(toys.wheel("delta", "2.1"), toys.wheel("delta", "2.2"))
    assert "as before" in repository.run("lock").done().err
    shown = repository.run("lock", "--upgrade", "Delta", "--dry-run", "--json").done().data
    assert [(row["kind"], row["name"], row["now"]) for row in shown["difference"]] == [
        ("upgrade", "delta", "2.2")
    ]
    assert repository.wheels()["delta"] == "2.1", "a dry run writes nothing"
    repository.locked("--upgrade", "delta")
    assert repository.wheels() == {"alpha": "1.0", "beta": "1.5", "delta": "2.2"}
    repository.write(index=["alpha[more]", "beta>=2"])
    repository.locked()
    assert repository.wheels() == {"alpha": "1.0", "beta": "2.0", "delta": "2.2"}

    repository.write(recipes=["toyext", "toypure"])
    repository.locked()
    assert {recipe.version for recipe in repository.lock.recipes if recipe.name == "toypure"} == {"1.0"}
    out = repository.run("lock", "--upgrade", "toypure").done().out
    assert [line.split()[:5] for line in out.splitlines()] == [["^", "recipes", "toypure", "1.0", "->"]]
    repository.locked("--upgrade-all")
    wrong = repository.run("lock", "--upgrade", "deltta")
    assert (wrong.code, "did you mean delta" in wrong.err) == (2, True)


def test_what_no_longer_goes_with_the_lock_moves_alone(repository: Repository) -> None:
    """A pin that a changed requirement excludes gives way, with what depends on it; the rest stays."""
    project = repository.project
    repository.write(index=["alpha[more]", "epsilon"])
    project.serve(toys.wheel("epsilon", "1.0"))
    repository.locked()
    project.serve(toys.wheel("epsilon", "1.0"), toys.wheel("epsilon", "2.0"))
    project.serve(toys.wheel("beta", "1.5"), toys.wheel("beta", "1.6"))
    project.serve(
        toys.wheel("alpha", "1.0", metadata=ALPHA),
        toys.wheel("alpha", "2.0", metadata=ALPHA.replace("beta >=1", "beta >=1.6")),
    )
    repository.write(index=["alpha[more]>=2", "epsilon"])
    repository.locked()
    assert repository.wheels() == {"alpha": "2.0", "beta": "1.6", "delta": "2.1", "epsilon": "1.0"}


def test_no_wheel_is_a_sentence_with_the_way_out(repository: Repository) -> None:
    """A source alone, another Python's wheel, another machine's: each is refused, and nothing is written."""
    project = repository.project
    project.serve(toys.sdist("onlysource", "1.0"))
    project.serve(
        toys.wheel("old", "1.0", tag="cp27-none-any"), toys.wheel("old", "1.1", tag="py3-none-win32")
    )
    for name, told, hint in (
        ("onlysource", "has only sources of it, such as onlysource-1.0.tar.gz", "recipe new onlysource"),
        ("old", "has old-1.0-cp27-none-any.whl, old-1.1-py3-none-win32.whl", "recipe new old"),
        ("nowhere", "has no project nowhere", "search nowhere"),
    ):
        repository.write(index=[name])
        done = repository.run("lock")
        assert done.code == 4, done.err
        assert f"no wheel of {name} fits this Python" in done.err
        assert told in done.err
        assert f"pybuild {hint}" in done.err
    project.serve(toys.wheel("alpha", "1.0", metadata="Requires-Dist: nowhere\n"))
    repository.write(index=["alpha"])
    assert "no wheel of nowhere fits this Python and machine (needed by alpha" in repository.run("lock").err
    silent = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    done = repository.run("lock", environ=silent)
    assert (done.code, "it cannot be asked for alpha" in done.err) == (6, True), done.err
    assert not repository.lock_file.exists()


def test_requirements_that_do_not_go_together(repository: Repository) -> None:
    """Both sides in pip's own words, what recipes supply among them."""
    project = repository.project
    project.serve(toys.wheel("alpha", "1.0", metadata="Requires-Dist: toypure >=2\n"))
    repository.write(index=["alpha"])
    done = repository.run("lock")
    assert done.code == 4
    assert "alpha 1.0 depends on toypure>=2" in done.err
    assert "toypure==1.0" in done.err


def test_an_index_that_lies_about_a_hash(repository: Repository) -> None:
    """Is caught before the lock is written."""
    project = repository.project
    project.server.misbehave("/files/beta-1.5-py3-none-any.whl", Fault("wrong-bytes", body=b"PK nonsense"))
    done = repository.run("lock")
    assert done.code == 7, done.err
    assert "is not what the index says" in done.err
    assert not repository.lock_file.exists()


def test_an_index_that_tells_no_hash(repository: Repository) -> None:
    """The bytes are hashed by pip and by us: the lock has the hash of the bytes."""
    project = repository.project
    beta = toys.wheel("beta", "1.5")
    project.server.index("beta", [Listed(beta.name, beta.body, with_hash=False)])
    lock = repository.locked()
    assert {wheel.name: wheel.sha256 for wheel in lock.index}["beta"] == beta.sha256


def test_a_wheel_without_metadata(repository: Repository) -> None:
    """Is no wheel, and pip says so."""
    project = repository.project
    import io
    import zipfile

    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("beta/__init__.py", "")
    project.serve(toys.File("beta-1.5-py3-none-any.whl", raw.getvalue()))
    done = repository.run("lock")
    assert done.code == 4, done.err
    assert "beta" in done.err
    assert "Traceback" not in done.err


def test_no_silent_wheel_of_what_must_know_the_site(repository: Repository) -> None:
    """A package has a recipe that links the site's MPI; the index' own wheel of it is never taken."""
    project = repository.project
    project.serve(toys.wheel("toyext", "2.0"))
    project.serve(toys.wheel("alpha", "1.0", metadata="Requires-Dist: toyext\n"))
    repository.write(recipes=["toypure"], index=["alpha"])
    done = repository.run("lock")
    assert done.code == 4
    assert "toyext, which alpha needs, has a recipe that builds it for this site's mpi" in done.err
    assert "add toyext to recipes" in done.err


def test_the_users_own_pip_settings_change_nothing_but_the_index(repository: Repository) -> None:
    """A target folder, constraints, another Python's path: none of it reaches the resolution."""
    project = repository.project
    limits = project.root / "limits.txt"
    limits.write_text("beta==1.0\n")
    repository.locked()
    first = repository.lock_file.read_bytes()
    polluted = {
        "PIP_TARGET": str(project.root / "target"), "PIP_CONSTRAINT": str(limits), "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1", "PIP_NO_DEPS": "1", "PIP_PRE": "1", "PIP_ONLY_BINARY": ":none:",
        "PYTHONHOME": "/nonexistent",
    }  # fmt: skip
    repository.lock_file.unlink()
    del polluted["PYTHONHOME"]  # the test's own interpreter would not start
    repository.run("lock", environ=polluted).done()
    assert repository.lock_file.read_bytes() == first


def test_the_plan_against_what_is_in_service(repository: Repository) -> None:
    """Downgrades and removals first; nothing is told where the lock is what is in service."""
    repository.write(index=["alpha[more]", "beta==1.5"])
    repository.locked()
    assert "nothing is in service" in repository.run("plan").done().out
    service = repository.root / "releases/one/etc/pybuild"
    service.mkdir(parents=True)
    shutil.copy(repository.lock_file, service / "stack.lock.json")
    (repository.root / "current").symlink_to("releases/one")
    assert "is what the lock says" in repository.run("plan").done().out
    repository.write(index=["alpha", "beta==1.0"])
    repository.locked()
    out = repository.run("plan").done().out
    rows = [line.split()[:3] for line in out.splitlines()[1:]]
    assert rows == [
        ["v", "index", "beta"], ["-", "index", "delta"], ["~", "index", "alpha"], ["~", "stack", "stack"],
    ]  # fmt: skip
    assert "1.5 -> 1.0, DOWNGRADE" in out
    repository.write(index=["alpha"])
    data = repository.run("plan", "--resolve", "--json").done().data
    assert data["drift"] == []
    assert {row["name"] for row in data["difference"]} == {"beta", "delta", "alpha", "stack file"}
    (service / "stack.lock.json").write_text("{}")
    done = repository.run("plan", "--resolve")
    assert (done.code, "lock version: found none" in done.err) == (3, True)


def test_the_how_to(project: Project) -> None:
    """Each command of docs/stacks.md, one after the other, with toys in the place of real packages."""
    text = (ROOT / "docs/stacks.md").read_text()
    how_to, _, _ = text.partition("## The stack file")
    commands = re.findall(r"<!-- how-to: (\w+) -->\n```bash\n(.*?)```", how_to, re.DOTALL)
    (stack,) = re.findall(r"<!-- stack: \w+ -->\n```yaml\n(.*?)```", how_to, re.DOTALL)
    place = "/global/common/software/survey/stack"
    for name, toy in {
        place: str(project.root / "share"), '"3.11"': BASE, "mpi4py>=4": "toyext", "rich>=13": "rich",
        "group: survey": f"group: {grp.getgrgid(os.getegid()).gr_name}",
    }.items():  # fmt: skip
        assert name in stack
        stack = stack.replace(name, toy)
    project.serve(toys.wheel("rich", "13.0"))
    work = project.root / "work"
    (work / "bin").mkdir(parents=True)
    program = work / "bin/pybuild"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pybuild "$@"\n')
    program.chmod(0o755)
    (project.home / ".gitconfig").write_text("[user]\nname = elvis\nemail = elvis@example.org\n")
    environ = {**project.environ, "PATH": f"{work}/bin:{project.environ['PATH']}"}
    folder = work
    shown = {}
    for name, block in commands:
        if name == "upgrade":
            project.serve(toys.wheel("rich", "13.0"), toys.wheel("rich", "14.0"))
        argv = ["bash", "-e", "-c", block.replace(place, str(project.root / "share"))]
        done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        shown[name] = done.stdout
        if name == "begin":
            folder = work / "survey-stack"
            (folder / "stack.yaml").write_text(stack)
    assert list(shown) == ["begin", "lock", "plan", "deploy", "use", "upgrade", "again", "rollback", "prune"]
    assert '"version": "14.0"' in (folder / "stack.lock.json").read_text()
    first, second = sorted((project.root / "share/releases").iterdir())
    assert shown["use"].strip() == str(first)
    assert f"{first.name} is in service" in shown["rollback"]
    assert re.search(rf"{second.name} +keep", shown["prune"])
