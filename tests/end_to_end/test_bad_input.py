"""Bad input gets one sentence, a hint and the documented exit code, and changes nothing."""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.project import Outcome, Project, changed, snapshot
from tests.end_to_end.toys import File
from tests.servers import Fault

ABOUT = 'about: {summary: a toy, homepage: "https://example.org", license: MIT}'
SHA = "0" * 64
UNPRIVILEGED = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Takes from root what lets it ignore permissions; the modes of its own files then hold for it as well."""


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        make: makes it, in a project that has everything.
        words: of the command, behind ``install -y``.
        says: what the error must name.
        environ: changes of the environment.
    """

    name: str
    code: int
    says: tuple[str, ...]
    make: Callable[[Project], object] = lambda project: None
    words: tuple[str, ...] = ("toyext",)
    environ: tuple[tuple[str, str], ...] = ()


def _written(text: str) -> Callable[[Project], object]:
    """Return what writes toyext's recipe, shortened to what matters."""
    return lambda project: project.recipe("toyext", f"name: toyext\n{ABOUT}\n{text}")


def _edited(old: str, new: str) -> Callable[[Project], object]:
    """Return what changes the first occurrence of a text in toyext's recipe."""

    def make(project: Project) -> None:
        path = project.recipes / "toyext/recipe.yaml"
        text = path.read_text()
        assert re.search(old, text)
        path.write_text(re.sub(old, new, text, count=1))

    return make


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[Project], object]:
    """Return what serves a source with one hostile member, under its right hash."""

    def make(project: Project) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        good = tarfile.TarInfo("toyext-3.0/setup.py")
        after = tarfile.TarInfo("toyext-3.0/escape/file")
        body = toys.tarball([(good, b"x = 1\n"), (member, b""), (after, b"owned")])
        file = File("toyext-3.0.tar.gz", body)
        project.recipe("toyext", toys.extension_recipe(file))
        project.serve(file)

    return make


def _needing(name: str, *, run: str = "", build: str = "") -> str:
    """Return a recipe of a package that needs others; all are wheels."""
    needs = f"requirements: {{run: [{run}], build: [{build}]}}\n"
    return (
        f'name: {name}\n{ABOUT}\nsource: {{pypi: {name}}}\nversions: {{"1.0": {{wheels: '
        f"{{{name}-1.0-py3-none-any.whl: '{SHA}'}}}}}}\nbuild: {{system: wheel}}\n{needs}"
    )


def _circle(project: Project) -> None:
    for name, other in (("toya", "toyb"), ("toyb", "toyc"), ("toyc", "toya")):
        project.recipe(name, _needing(name, run=other))


def _build_circle(project: Project) -> None:
    """Let toya be built with toyb, a wheel that needs toyc, which needs toyb."""
    project.recipe("toyb", _needing("toyb", run="toyc"))
    project.recipe("toyc", _needing("toyc", run="toyb"))
    _edited(r"build: \[setuptools\]", "build: [setuptools, toyb]")(project)


def _other_mpi(project: Project) -> None:
    """The prefix has toyext with toympi; another package is to bind another MPI."""
    project.install("toyext==1.0").done()
    wheel = toys.mpi_wheel("othermpi", project.root / "othermpi")
    project.recipe("othermpi", toys.mpi_recipe(wheel))
    project.site("elsewhere", mpi="othermpi")
    second = toys.sdist("toytwo", "1.0")
    project.recipe("toytwo", toys.extension_recipe(second))
    project.serve(wheel)
    project.serve(second)


def _second_mpi(project: Project) -> None:
    """The prefix has toympi because somebody asked for it; the site's recipes know nothing of the other."""
    project.install("toympi").done()
    wheel = toys.mpi_wheel("othermpi", project.root / "othermpi")
    project.recipe("othermpi", toys.mpi_recipe(wheel))
    project.serve(wheel)


def _broken_compiler(project: Project) -> None:
    folder = project.root / "bin"
    folder.mkdir()
    compiler = folder / "badcc"
    compiler.write_text("#!/bin/sh\necho 'fatal error: the license server is away' >&2\nexit 3\n")
    compiler.chmod(0o755)
    project.environ["PATH"] = f"{folder}:{project.environ['PATH']}"
    project.site(cc="badcc")
    recipe = toys.extension_recipe(
        toys.sdist("toyext", "2.0"), virtual="compiler", cc="${{ compiler.cc }}",
        ld="${{ compiler.cc }} -shared", ranked=False,
    )  # fmt: skip
    project.recipe("toyext", recipe)


def _no_compiler(project: Project) -> None:
    folder = project.root / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    project.environ["PATH"] = str(folder)
    shutil.rmtree(project.channel)


def _file_for_prefix(project: Project) -> None:
    project.prefix.write_text("precious")


def _foreign_folder(project: Project) -> None:
    project.prefix.mkdir()
    (project.prefix / "thesis.tex").write_text("precious")


def _truncated(project: Project) -> None:
    shutil.rmtree(project.cache / "sources")
    shutil.rmtree(project.channel)
    project.server.misbehave("/files/toyext-2.0.tar.gz", Fault("break", after=20))


def _wrong_bytes(project: Project) -> None:
    shutil.rmtree(project.cache / "sources")
    shutil.rmtree(project.channel)
    project.server.misbehave("/files/toyext-2.0.tar.gz", Fault("wrong-bytes", body=b"not the source"))


VERSION = 'source: {pypi: toyext}\nversions: {"1.0": {sha256: "SHA"}}\n'.replace("SHA", SHA)
OLD = VERSION.replace("sha256", 'python: "<3", sha256')
GPU = 'options: {gpu: {summary: uses the GPU, versions: "<2"}}\nrequirements:'
OPEN = "source: {pypi: toyext}\nversions: [oh\n"
CASES = [
    Case("unknown-package", 4, ("'toyexxt'", "toyext"), words=("toyexxt",)),
    Case("no-such-version", 4, ("toyext", "9.9", "2.0"), words=("toyext==9.9",)),
    Case("no-such-option", 4, ("toyext", "gpu"), words=("toyext[gpu]",)),
    Case(
        "option-of-another-version", 4, ("toyext", "gpu", "2.0"), words=("toyext[gpu]==2.0",),
        make=_edited("requirements:", GPU),
    ),
    Case("no-version-for-this-python", 4, ("toyext", "<3"), make=_written(OLD)),
    Case("broken-yaml", 3, ("toyext/recipe.yaml:5:1: ",), make=_written(OPEN)),
    Case("unknown-key", 3, ("recipe.yaml:", "versoins", "versions"), make=_edited("versions:", "versoins:")),
    Case("duplicate-key", 3, ("recipe.yaml:", "name"), make=_written("name: toyext\n" + VERSION)),
    Case("unquoted-version", 3, ("recipe.yaml:", "1.0", "quote"), make=_edited('"1.0":', "1.0:")),
    Case("missing-sha256", 3, ("recipe.yaml:", "sha256", "2.0"), make=_edited(", sha256: [0-9a-f]+", "")),
    Case("unknown-site", 4, ("'tou'", "toy"), words=("toyext", "--site", "tou")),
    Case("wrong-sha256", 7, ("toyext-2.0.tar.gz", "has sha256 ", ", expected "), make=_wrong_bytes),
    Case("truncated-download", 6, ("toyext-2.0.tar.gz",), make=_truncated),
    Case("member-above", 8, ("toyext-3.0.tar.gz", "../escape"), make=_member("toyext-3.0/../../escape")),
    Case("absolute-member", 8, ("toyext-3.0.tar.gz", "/tmp/escape"), make=_member("/tmp/escape")),
    Case("link-outside", 8, ("toyext-3.0.tar.gz", "escape"),
         make=_member("toyext-3.0/escape", tarfile.SYMTYPE, "../../..")),
    Case("hard-link-outside", 8, ("toyext-3.0.tar.gz", "escape"),
         make=_member("toyext-3.0/escape", tarfile.LNKTYPE, "../../etc/passwd")),
    Case("device-member", 8, ("toyext-3.0.tar.gz", "escape"),
         make=_member("toyext-3.0/escape", tarfile.CHRTYPE)),
    Case("prefix-is-a-file", 10, ("/prefix: ", "is a file"), make=_file_for_prefix),
    Case("prefix-is-something-else", 10, ("/prefix: ", "conda-meta/history"), make=_foreign_folder),
    Case("no-compiler", 4, ("compiler", "gcc"), make=_no_compiler),
    Case("failing-compiler", 5, ("toyext 2.0", "the license server is away", "log: "), make=_broken_compiler),
    Case("circle", 4, ("toya -> toyb -> toyc -> toya",), make=_circle, words=("toya",)),
    Case("circle-of-build-requirements", 4, ("toyb -> toyc -> toyb",), make=_build_circle),
    Case("two-providers", 4, ("'mpi'", "toyext", "toympi 1.0", "toytwo", "othermpi 1.0"),
         make=_other_mpi, words=("toytwo", "--site", "elsewhere")),
    Case("second-mpi", 4, ("toympi and othermpi both provide 'mpi'", "toympi is in it"),
         _second_mpi, ("othermpi",)),
    Case("unknown-option-of-the-command", 2, ("--no-such-option",), words=("toyext", "--no-such-option")),
    Case("unknown-level", 2, ("perfect", "ranked"), words=("toyext", "--verify", "perfect")),
    Case("no-spec", 2, ("'==1'",), words=("==1",)),
    Case("asked-twice", 2, ("toyext", "more than once"), words=("toyext", "toyext==1.0")),
    Case("no-such-python", 4, ("2.2",), words=("toyext", "--python", "2.2")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_mistake_is_explained(project: Project, case: Case) -> None:
    """Each mistake ends with its exit code, one sentence and a hint; prefix and channel stay as they were."""
    case.make(project)
    if not project.prefix.exists():
        shutil.copytree(project.home, project.root / "beside")  # something that a wrong clean-up could hit
    before = snapshot(project.prefix, project.channel)

    outcome = project.install(*case.words, environ={"PIP_RETRIES": "1", **dict(case.environ)})

    _check(outcome, case.code, case.says)
    if case.code != 5:
        left = [path for path in changed(before, snapshot(project.prefix, project.channel)) if _matters(path)]
        assert left == []
    assert not Path("/tmp/escape").exists()
    assert not (project.cache / "stage/escape").exists()


def _matters(path: str) -> bool:
    """Locks and empty folders of a channel are no change of what it holds."""
    return not path.endswith((".lock", ".flock")) and not Path(path).is_dir()


def _check(outcome: Outcome, code: int, says: tuple[str, ...]) -> None:
    assert outcome.code == code, outcome.err
    lines = outcome.err.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1, outcome.err
    assert re.match(r"error: [^A-Z]", errors[0]), "a sentence here begins with a small letter or a path"
    assert not re.search(r"[^.]\.$", errors[0]), "and ends without a full stop"
    assert any(line.startswith("hint: ") for line in lines), outcome.err
    assert "Traceback" not in outcome.err
    assert "this should not happen" not in outcome.err
    tail = "\n".join(lines[lines.index(errors[0]) :])
    for text in says:
        assert text in tail


def test_both_hashes_are_shown_and_nothing_is_kept(project: Project) -> None:
    """A source with the wrong bytes names both hashes, and the cache does not keep it."""
    _wrong_bytes(project)
    outcome = project.install("toyext==2.0")
    found = File("", b"not the source").sha256
    wanted = toys.sdist("toyext", "2.0").sha256
    assert f"has sha256 {found}, expected {wanted}" in outcome.err
    kept = [path for path in (project.cache / "sources").rglob("*") if path.is_file()]
    assert [path for path in kept if "toyext" in path.name] == []


def test_no_terminal_and_no_yes(project: Project) -> None:
    """Without a terminal and without -y nothing is done; what was learned for the plan may be remembered."""
    before = snapshot(project.prefix, project.channel, project.cache)
    _check(project.run("install", "toyext"), 2, ("no terminal",))
    found = changed(before, snapshot(project.prefix, project.channel, project.cache))
    assert [path for path in found if not path.startswith(f"{project.cache}/catalog")] == []


def _unprivileged() -> tuple[str, ...]:
    import os

    return UNPRIVILEGED if os.geteuid() == 0 else ()


def test_prefix_without_write_permission(peopled: Project) -> None:
    """A prefix of somebody else is refused before anything is fetched or built."""
    meta = peopled.prefix / "conda-meta"
    meta.chmod(0o555)
    before = snapshot(peopled.prefix, peopled.channel)
    outcome = peopled.install("toyext", before=_unprivileged())
    meta.chmod(0o755)
    _check(outcome, 10, (str(peopled.prefix), "read-only"))
    meta.chmod(0o555)
    assert changed(before, snapshot(peopled.prefix, peopled.channel)) == []
    meta.chmod(0o755)


def test_folder_that_cannot_hold_a_prefix(project: Project) -> None:
    """A new prefix in a folder where the user may not write is refused."""
    folder = project.root / "theirs"
    folder.mkdir(mode=0o555)
    outcome = project.install("toyext", "-p", folder / "prefix", before=_unprivileged())
    _check(outcome, 10, (str(folder), "write permission"))
    assert list(folder.iterdir()) == []


def test_read_only_channel(project: Project) -> None:
    """A channel where the user may not write is enough as long as nothing must be built, and no longer."""
    folders = [project.channel, project.channel / "linux-64", project.channel / "linux-64/.pybuild"]
    for file in folders[-1].iterdir():
        file.chmod(0o444)
    for folder in folders:
        folder.chmod(0o555)
    before = snapshot(project.channel)
    fails = project.install("toypure==1.0", "--rebuild", before=_unprivileged())
    works = project.install("toypure==1.0", before=_unprivileged())
    same = changed(before, snapshot(project.channel))
    for folder in folders:
        folder.chmod(0o755)
    _check(fails, 12, (str(project.channel), "permission denied"))
    assert same == []
    works.done()
