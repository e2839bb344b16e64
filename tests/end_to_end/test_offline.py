"""Without a network: everything comes from the mirror or the cache, or one sentence names what is missing."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.locks import Repository
from tests.end_to_end.project import BASE, Project
from tests.servers import Fault


@functools.cache
def no_route() -> tuple[str, ...]:
    """Return an argv that runs a command in a network name space of its own, with not even a loopback."""
    options = ("--net",) if os.geteuid() == 0 else ("--map-root-user", "--net")
    if subprocess.run(["unshare", *options, "true"], capture_output=True, check=False).returncode:
        pytest.skip("neither root nor a user name space is there to take the network away")
    return ("unshare", *options)


def create(project: Project, *specs: str) -> Path:
    """Fill a mirror and return it."""
    folder = project.root / "mirror"
    project.run("mirror", "create", *specs, "--to", folder, "--python", BASE).done()
    return folder


def forget(project: Project) -> None:
    """Empty cache and channel: another machine, to which only the mirror was carried."""
    for folder in (project.cache, project.channel):
        shutil.rmtree(folder, ignore_errors=True)


def test_everything_from_the_mirror(bare: Project) -> None:
    """A source build in a name space without a route, from a mirror whose files have their names."""
    folder = create(bare, "toyext==1.0")
    assert {"toyext-1.0.tar.gz", "toympi-1.0-py3-none-any.whl"} < set(os.listdir(folder / "sources"))
    forget(bare)

    done = bare.install("toyext==1.0", "--mirror", folder, "--offline", before=no_route()).done()

    assert "toyext: pack" in done.err  # it was built, not found
    assert bare.imports("toyext") == "1.0"


def test_no_socket_leaves_the_machine(bare: Project) -> None:
    """No socket of the internet is opened by pybuild or anything it starts, pip's questions included."""
    folder = create(bare, "toyext==1.0")
    forget(bare)
    trace = bare.root / "trace"
    watched = ("strace", "-f", "-qq", "-e", "trace=socket", "-o", str(trace))
    words = ("install", "toyext==1.0", "--mirror", folder, "--offline", "-y")
    bare.run(*words, before=watched).done()
    assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []


def test_configuration_and_variables_say_the_same(bare: Project) -> None:
    """Keys of the configuration file, or variables, instead of options."""
    folder = create(bare, "toypure==1.0")
    forget(bare)
    said = {"PYBUILD_MIRROR": str(folder), "PYBUILD_OFFLINE": "1"}
    bare.install("toypure==1.0", environ=said, before=no_route()).done()
    forget(bare)
    bare.configure("toy", mirror=str(folder), offline=True)  # type: ignore[arg-type]
    bare.install("toypure==1.0", "-p", bare.root / "other", before=no_route()).done()


def test_everything_that_is_missing_in_one_sentence(bare: Project) -> None:
    """All files at once, and the command that gathers them; nothing is begun."""
    outcome = bare.install("toyext==1.0", "--offline")
    assert outcome.code == 6
    error = next(line for line in outcome.err.splitlines() if line.startswith("error: "))
    for name in ("toyext-1.0.tar.gz", "toympi-1.0-py3-none-any.whl", "setuptools-"):
        assert name in error
    assert "hint: where there is a network: pybuild mirror create toyext==1.0 --to DIR" in outcome.err
    assert not bare.prefix.exists()
    folder = create(bare, "toypure")
    forget(bare)
    outcome = bare.install("toyext==1.0", "--offline", "--mirror", folder)
    assert outcome.code == 6
    assert "offline, and " in outcome.err
    assert "pip-" not in outcome.err  # the mirror has it
    assert f"--to {folder}" in outcome.err


def test_a_damaged_mirror_file_is_refused_and_mended(bare: Project) -> None:
    """By name and hash; creating the mirror again replaces that file and keeps the others."""
    folder = create(bare, "toypure==1.0")
    file = folder / "sources/toypure-1.0-py3-none-any.whl"
    right = file.read_bytes()
    file.write_bytes(right[:-1] + b"?")
    forget(bare)
    outcome = bare.install("toypure==1.0", "--offline", "--mirror", folder)
    assert outcome.code == 7
    assert f"{file}: sha256 found " in outcome.err

    again = bare.run("mirror", "create", "toypure==1.0", "--to", folder, "--python", BASE, "--json").done()

    assert again.data["added"] == [file.name]
    assert again.data["kept"] > 0
    assert file.read_bytes() == right
    bare.install("toypure==1.0", "--offline", "--mirror", folder).done()


def test_create_goes_on_where_it_stopped(bare: Project) -> None:
    """A server that fails in the middle: what came is kept, also without the index."""
    folder = bare.root / "mirror"
    bare.server.misbehave("/files/toyext-1.0.tar.gz", Fault(kind="status", code=404, times=1))
    outcome = bare.run("mirror", "create", "toyext==1.0", "--to", folder, "--python", BASE)
    assert outcome.code == 6, outcome.err
    came = set(os.listdir(folder / "sources"))
    (folder / "mirror.json").unlink()
    shutil.rmtree(bare.cache)
    again = bare.run("mirror", "create", "toyext==1.0", "--to", folder, "--python", BASE, "--json").done()
    assert "toyext-1.0.tar.gz" in again.data["added"]
    assert came
    assert not came & set(again.data["added"])


def test_two_files_of_one_name(bare: Project) -> None:
    """The second lies below its hash; both are found."""
    folder = create(bare, "toypure==1.0")
    other = toys.wheel("toypure", "1.0", {"toypure/__init__.py": 'version = "other"\n'})
    bare.serve(other)
    bare.recipe("toypure", toys.pure_recipe(other))
    create(bare, "toypure==1.0")
    forget(bare)
    bare.install("toypure==1.0", "--offline", "--mirror", folder).done()
    assert bare.imports("toypure") == "other"
    files = json.loads((folder / "mirror.json").read_text())["files"]
    assert len([f for f in files.values() if f["file"].endswith("toypure-1.0-py3-none-any.whl")]) == 2


def test_a_folder_that_is_no_mirror(bare: Project) -> None:
    """As a source it is refused; as a target as well, where it holds other things."""
    outcome = bare.install("toypure", "--mirror", bare.recipes)
    assert outcome.code == 6
    assert f"{bare.recipes}: is no mirror" in outcome.err
    outcome = bare.run("mirror", "create", "toypure", "--to", bare.recipes, "--python", BASE)
    assert outcome.code == 6
    assert "and not empty" in outcome.err


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9}', '{"format": 1, "channels": {}, "files": 3}'])
def test_a_damaged_index(bare: Project, text: str) -> None:
    """One sentence, no traceback."""
    folder = bare.root / "mirror"
    folder.mkdir()
    (folder / "mirror.json").write_text(text)
    outcome = bare.install("toypure", "--mirror", folder)
    assert outcome.code == 6
    assert re.search(r"mirror.json: is damaged: ", outcome.err)


def test_an_index_that_leads_out_of_the_mirror(bare: Project) -> None:
    """Is damage: a mirror is somebody else's data."""
    folder = bare.root / "mirror"
    folder.mkdir()
    data = {"format": 1, "channels": {}, "files": {"0" * 64: {"file": "../cache/x"}}}
    (folder / "mirror.json").write_text(json.dumps(data))
    outcome = bare.install("toypure", "--mirror", folder)
    assert outcome.code == 6
    assert "leads out of the mirror" in outcome.err


def test_the_script_takes_files_from_the_mirror(bare: Project) -> None:
    """Its addresses are files of the mirror."""
    folder = create(bare, "toyext==1.0")
    forget(bare)
    text = bare.run("script", "toyext==1.0", "--offline", "--mirror", folder).done().out
    assert f"{folder.as_uri()}/sources/toyext-1.0.tar.gz" in text
    assert "http://" not in text


def test_conda_packages_come_along(project: Project) -> None:
    """A new prefix whose base comes from a conda channel on a web server: without one, from its mirror."""
    shutil.copytree(project.channel, project.root / "theirs")
    shutil.copytree(project.cache, project.root / "kept")
    for folder in (project.root / "theirs").rglob(".pybuild"):
        shutil.rmtree(folder)
    for path in (project.root / "theirs").rglob("*"):
        if path.is_file():
            project.server.add(f"/c/{path.relative_to(project.root / 'theirs')}", path.read_bytes())
    address = f"{project.server.url}/c"
    project.site(more=f'channels: ["{address}"]\n')
    forget(project)
    folder = project.root / "mirror"
    project.run("mirror", "create", "toyext==1.0", "--to", folder).done()
    (python,) = folder.glob("conda/c/linux-64/python-*.conda")
    assert json.loads((folder / "conda/c/linux-64/repodata.json").read_text())["packages.conda"][python.name]
    forget(project)

    words = ("plan", "toyext==1.0", "--python", "3.11", "--offline", "--mirror", folder)
    shown = project.run(*words, before=no_route()).done().out
    assert f"the new prefix comes from {(folder / 'conda/c').as_uri()}" in shown

    words = ("install", "toyext==1.0", "--python", "3.11", "--offline", "--mirror", folder, "-y")
    project.run(*words, before=no_route()).done()
    assert project.imports("toyext") == "1.0"


def test_a_stack_comes_whole(project: Project) -> None:
    """What the lock of a stack names, wheels of the index too: it is deployed without a network."""
    project.serve(toys.wheel("alpha", "1.0"))
    stack = Repository(project, {"recipes": ["toyext"], "index": ["alpha"]})
    stack.run("lock").done()
    folder = project.root / "mirror"
    done = project.run("mirror", "create", "--stack", stack.file, "--to", folder, "--json").done()
    assert {"alpha-1.0-py3-none-any.whl", "toyext-2.0.tar.gz"} <= set(done.data["added"])
    again = project.run("mirror", "create", "--stack", stack.file, "--to", folder, "--json").done()
    assert again.data["added"] == []
    forget(project)

    words = ("stack", "deploy", stack.file, "--yes", "--mirror", folder, "--offline")
    project.run(*words, before=no_route()).done()

    assert project.imports("toyext", stack.root / "current") == "2.0"
    assert project.imports("alpha", stack.root / "current") == "1.0"


def test_neither_specs_nor_a_stack(bare: Project) -> None:
    """One sentence; both together as well."""
    for words in ((), ("toypure", "--stack", "x.yaml")):
        outcome = bare.run("mirror", "create", *words, "--to", bare.root / "mirror")
        assert outcome.code == 2
        assert "expected either SPEC or --stack FILE" in outcome.err
