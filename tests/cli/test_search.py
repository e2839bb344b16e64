"""``pybuild search``: recipes, then conda channels, then the index, with a line of advice for each name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pybuild.cli.main import main
from pybuild.errors import ExitCode
from tests.servers import Listed, Server, serving

ROOT = Path(__file__).parent.parent.parent
A = "a" * 64
MPI_RECIPE = f"""\
name: ringer
about: {{summary: "Rings around, with MPI-IO", homepage: "https://example.org", license: MIT}}
source: {{pypi: ringer}}
versions: {{"3": {{sha256: {A}}}, "2": {{sha256: {A}}}, "1": {{sha256: {A}}}}}
requirements: {{virtual: [compiler, mpi, "hdf5[mpi]"]}}
options: {{serial: {{summary: s}}}}
"""
OTHER = f"""\
name: ringer-tools
about: {{summary: "Tools that Ring", homepage: "https://example.org", license: MIT}}
source: {{pypi: ringer-tools}}
versions: {{"1": {{sha256: {A}}}}}
requirements: {{virtual: [compiler], run: [ringer]}}
unproven: true
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class Search:
    """Runs ``pybuild search`` on two recipes, an index of its own and, where asked, a channel."""

    def __init__(self, root: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        for text in (MPI_RECIPE, OTHER):
            folder = root / "recipes" / text.split()[1]
            folder.mkdir(parents=True)
            (folder / "recipe.yaml").write_text(text)
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(root / "home"),
            "PYBUILD_CACHE": str(root / "cache"),
            "PYBUILD_SITE": "generic",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": server.simple,
        }
        (root / "sites").mkdir(exist_ok=True)
        self.options = ("--recipes", str(root / "recipes"), "--sites", str(root / "sites"))

    def __call__(self, *words: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        code = main(["search", *words, *self.options], {**self.environ, **(environ or {})})
        return code, *self.capsys.readouterr()

    def data(self, *words: str) -> Any:
        code, out, _err = self(*words, "--json")
        assert code == 0
        return json.loads(out)

    def in_child(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it in a process of its own, because conda's engine is not loaded into that of the tests."""
        return subprocess.run(
            [sys.executable, "-m", "pybuild", "search", *words, *self.options],
            env={**self.environ, "PYTHONPATH": str(ROOT)}, cwd=self.root, capture_output=True, text=True,
            check=False,
        )  # fmt: skip


@pytest.fixture
def search(tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> Search:
    return Search(tmp_path, server, capsys)


def test_a_recipe_comes_first_with_its_advice(search: Search, server: Server) -> None:
    """Then those that mention the name, then what the index has under exactly this name."""
    server.index("ringer", [Listed("ringer-4.0.tar.gz", b"x"), Listed("ringer-3.0.tar.gz", b"x")])
    code, out, err = search("Ringer")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "ringer  Rings around, with MPI-IO",
        "  recipe  3, 2, 1  [serial]",
        "  advice  needs the site's MPI and parallel HDF5: use the recipe",
        "ringer-tools  Tools that Ring  (unproven)",
        "  recipe  1",
        "  advice  needs ringer, which needs the site's MPI: use the recipe",
        "ringer elsewhere",
        f"  index  4.0, 3.0  (source)  {server.simple}/ringer/",
    ]


def test_words_of_the_summary(search: Search) -> None:
    """Every word must be there, in any case; such words are no package's name, so nobody else is asked."""
    code, out, err = search("ring TOOLS")
    assert code == 0
    assert out.startswith("ringer-tools  ")
    assert "ringer  " not in out
    assert err == "note: only recipes were searched: 'ring TOOLS' is no package's name\n"


@pytest.mark.parametrize("spelling", ["ringer_tools", "Ringer.Tools", "ringer-tools"])
def test_every_spelling_finds_the_recipe(search: Search, spelling: str) -> None:
    """As for the index."""
    assert search.data(spelling, "--offline")["recipes"][0]["name"] == "ringer-tools"


def test_nothing_found_has_its_own_code(search: Search) -> None:
    """With near names, if there are any; a program gets its data all the same."""
    code, out, err = search("ringre")
    assert (code, out) == (ExitCode.PLAN, "")
    assert err == "error: no recipe, conda channel or index has 'ringre'\nhint: did you mean ringer?\n"
    code, out, _err = search("ringre", "--json")
    assert code == ExitCode.PLAN
    assert json.loads(out)["near"][0] == "ringer"
    error, hint = search("zzzzzz")[2].splitlines()
    assert error == "error: no recipe, conda channel or index has 'zzzzzz'"
    assert hint.startswith("hint: pybuild recipe list ")


def test_an_empty_name_is_a_mistake(search: Search) -> None:
    """Everything would mention it."""
    assert search("  ")[0] == ExitCode.USAGE


@pytest.mark.parametrize("extra", ["--offline", ""])
def test_recipes_are_shown_without_the_network(search: Search, extra: str) -> None:
    """Whether it is not asked or does not answer; a note says which, and the code is that of success."""
    code, out, err = search(
        "ringer", *([extra] if extra else []), environ={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    )
    assert code == 0
    assert out.startswith("ringer  Rings around")
    assert err.startswith("note: ")
    assert ("--offline" if extra else "could not be asked: http://127.0.0.1:9/simple/ringer/") in err
    assert ("no connection" in err) is (extra == "")


def test_offline_asks_nobody(search: Search, server: Server) -> None:
    """Not even pip for its configuration."""
    search("ringer", "--offline", environ={"PATH": "/nonexistent"})
    assert server.seen == []


def test_what_cannot_be_asked_is_said_where_nothing_is_found(search: Search) -> None:
    """Else somebody would believe that it exists nowhere."""
    code, _out, err = search("absent", environ={"PIP_INDEX_URL": "http://127.0.0.1:9/simple"})
    assert code == ExitCode.PLAN
    assert err.startswith("error: no recipe has 'absent'; the index could not be asked: ")


@pytest.mark.parametrize(
    ("files", "forms", "advice"),
    [
        (["absent-1-py3-none-any.whl", "absent-1.tar.gz"], ["pure", "source"], "pure Python, as far as file"),
        (
            ["absent-1-cp311-cp311-manylinux_2_17_x86_64.whl", "absent-1.tar.gz"],
            ["compiled", "source"],
            "compiled, but without MPI, as far as file names tell: pip will do",
        ),
        (
            ["absent-1.tar.gz"],
            ["source"],
            "source only, and nothing tells whether it uses MPI: pybuild recipe new absent looks inside",
        ),
    ],
)
def test_advice_on_what_only_the_index_has(
    search: Search, server: Server, files: list[str], forms: list[str], advice: str
) -> None:
    """By the forms of the newest version; what file names do not tell is not claimed."""
    server.index("absent", [Listed(name, b"x") for name in [*files, "absent-0.9-py3-none-any.whl"]])
    data = search.data("absent")
    (offer,) = data["index"]
    assert offer["versions"] == ["1", "0.9"]
    assert offer["forms"] == forms
    assert data["advice"]["absent"].startswith(advice)


@pytest.mark.parametrize(
    ("required", "advice"),
    [
        ("numpy>=1\nRequires-Dist: mpi4py; extra == 'mpi'", "pure Python: pip will do"),
        ("MPI4py>=3", "no recipe, and it uses MPI (sure: its metadata requires mpi4py): pybuild recipe new"),
        ("ringer", "no recipe, and it uses MPI (sure: it requires ringer, whose recipe asks for MPI)"),
        ("ringer-tools", "no recipe, and it uses MPI (sure: it requires ringer-tools, whose recipe asks"),
        ("x\nSummary: Trees for MPI programs", "no recipe, and it probably uses MPI (so its summary says)"),
    ],
)
def test_metadata_of_the_index_makes_it_sure(
    search: Search, server: Server, required: str, advice: str
) -> None:
    """An index that publishes metadata beside the wheel is asked for it; extras do not count."""
    name = "absent-1-py3-none-any.whl"
    page = f'<a href="/files/{name}" data-core-metadata="true">{name}</a>'
    server.add("/simple/absent/", page.encode(), "text/html")
    server.add(f"/files/{name}.metadata", f"Metadata-Version: 2.1\nRequires-Dist: {required}\n\nx".encode())
    assert search.data("absent")["advice"]["absent"].startswith(advice)
    assert server.asked(f"/files/{name}") == []


@pytest.mark.parametrize(
    ("name", "says"),
    [("mpi4zork", True), ("zork-mpi", True), ("zork.pympi", True), ("compiler", False), ("simpigo", False)],
)
def test_a_name_may_say_mpi(search: Search, server: Server, name: str, says: bool) -> None:
    """That is a guess, and the advice says so; letters in the middle of a word say nothing."""
    project = name.replace(".", "-")
    server.index(project, [Listed(f"{project.replace('-', '_')}-1.tar.gz", b"x")])
    found = search.data(name)["advice"][project]
    assert ("probably uses MPI (so its name says)" in found) is says


def test_pre_releases_and_yanked_files_are_left_out(search: Search, server: Server) -> None:
    """Unless there is nothing but pre-releases."""
    names = ("absent-2.0rc1.tar.gz", "absent-1.10.tar.gz", "absent-1.9.tar.gz")
    files = [*(Listed(name, b"x") for name in names), Listed("absent-1.11.tar.gz", b"x", yanked=True)]
    server.index("absent", files)
    assert search.data("absent")["index"][0]["versions"] == ["1.10", "1.9"]
    server.index("early", [Listed("early-2.0rc1.tar.gz", b"x")])
    assert search.data("early")["index"][0]["versions"] == ["2.0rc1"]


def test_many_recipes_are_cut_short(search: Search) -> None:
    """A screen holds so many; the one of exactly this name is among them, and JSON has all."""
    for number in range(30):
        folder = search.root / "recipes" / f"a-ringer-{number:02}"
        folder.mkdir()
        (folder / "recipe.yaml").write_text(OTHER.replace("ringer-tools", folder.name))
    code, out, _err = search("ringer", "--offline")
    assert code == 0
    assert out.startswith("ringer  Rings")
    assert out.count("  recipe  ") == 20
    assert out.endswith("and 12 more recipes: name more of it, or add --json\n")
    assert len(search.data("ringer", "--offline")["recipes"]) == 32


def test_a_broken_recipe_is_named(search: Search) -> None:
    """With what to do about it."""
    (search.root / "recipes" / "ringer" / "recipe.yaml").write_text("name: [\n")
    code, out, _err = search("ringer", "--offline")
    assert code == 0
    assert "its recipe cannot be read: pybuild recipe lint ringer" in out


def record(name: str, version: str, subdir: str, *depends: str) -> dict[str, object]:
    return {"name": name, "version": version, "build": "h0_0", "build_number": 0, "subdir": subdir,
            "depends": depends, "sha256": "0" * 64, "size": 1}  # fmt: skip


@pytest.fixture
def channel(search: Search) -> Path:
    """A conda channel of the site ``here``, beside one that does not exist."""
    root = search.root / "channel"
    for subdir, records in (
        ("linux-64", [record("fast-thing", v, "linux-64", "mpich >=4", "libc") for v in ("1.2", "1.10")]),
        ("noarch", [record("pure_thing", "1", "noarch", "python"), record("ringer", "9", "noarch")]),
    ):
        (root / subdir).mkdir(parents=True)
        packages = {f"{r['name']}-{r['version']}-h0_0.conda": r for r in records}
        text = json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages})
        (root / subdir / "repodata.json").write_text(text)
    (search.root / "sites").mkdir(exist_ok=True)
    channels = f"[{root.as_uri()}, {(search.root / 'gone').as_uri()}]"
    site = f"name: here\nextends: generic\nsummary: s\nchannels: {channels}\n"
    (search.root / "sites" / "here.yaml").write_text(site)
    search.environ["PYBUILD_SITE"] = "here"
    return root


@pytest.mark.parametrize(
    ("asked", "versions", "advice"),
    [
        ("fast_thing", ["1.10", "1.2"], "no recipe, and it uses MPI (sure: its newest build on "),
        ("pure-thing", ["1"], "pure Python: conda will do"),
        ("ringer", ["9"], "needs the site's MPI and parallel HDF5: use the recipe"),
    ],
)
def test_the_sites_channels_are_asked(
    search: Search, channel: Path, asked: str, versions: list[str], advice: str
) -> None:
    """Newest first by conda's order, in any spelling; one that does not answer is a note and no more."""
    done = search.in_child(asked, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    (offer,) = data["conda"]
    assert (offer["place"], offer["versions"]) == (channel.as_uri(), versions)
    assert data["advice"][data["query"]].startswith(advice)
    assert any("/gone could not be asked" in note for note in data["notes"])


def test_an_unknown_site_is_a_note(search: Search) -> None:
    """Recipes and the index do not depend on it."""
    code, out, err = search("ringer", "--site", "nowhere")
    assert code == 0
    assert out.startswith("ringer  ")
    assert "note: no conda channels were asked: there is no site 'nowhere'" in err
