"""The commands on sites: what is printed, what ends with which code."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from pathlib import Path

import pytest

from pybuild.cli.main import main
from pybuild.cli.site_text import site_text
from pybuild.errors import ExitCode
from pybuild.load.places import shipped
from pybuild.load.sites import load_site, site_files
from tests.modules.tools import five, lmod

PATH = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
NEW = """\
name: hill
summary: a cluster
documentation: https://example.org/hill
detect: {env: {CLUSTER: hill}, hostname: "no-such-host"}
nodes:
  login: {hostname: "hill[0-9]+", source: who}
  compute: {variables: [SLURM_JOB_ID], recalled: all of it}
virtuals:
  compiler:
    - {name: gnu, where: path, programs: {cc: [gcc]}, source: who}
rules:
  - {name: r, env: {A: b}, reason: the why, source: somebody, since: 2019-08-02, review_after: 2020-02-01}
launcher: {ranks: [srun, -n, "${{ ranks }}"], ask: [salloc], submit: [sbatch], source: who}
modules: {tool: lmod, init: [/etc/init], env: {SYS: "1"}}
failures: [{pattern: "PMI2 init failed", means: it cannot start, cure: go elsewhere}]
file_systems: [{path: /scratch, use: jobs, compute: read-only, source: who}]
"""


@pytest.fixture
def sites(tmp_path: Path) -> Path:
    (tmp_path / "hill.yaml").write_text(NEW)
    return tmp_path


def run(
    capsys: pytest.CaptureFixture[str], *argv: str, environ: dict[str, str] | None = None
) -> tuple[int, str, str]:
    code = main(["site", *argv], {**PATH, **(environ or {})})
    return code, *capsys.readouterr()


def test_list_marks_what_is_abstract(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """Each site with its summary; one that is only extended says so; a broken file hides none."""
    (sites / "base.yaml").write_text("name: base\nsummary: shared\nabstract: true\n")
    (sites / "odd.yaml").write_text("name: [\n")
    code, out, _ = run(capsys, "list", "--sites", str(sites))
    assert code == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["base", "(abstract) shared"] in lines
    assert ["hill", "a cluster"] in lines
    assert ["odd", "cannot be read; pybuild site lint says why"] in lines
    code, out, _ = run(capsys, "list", "--json", "--sites", str(sites))
    found = {row["name"]: row for row in json.loads(out)}
    assert (found["base"]["abstract"], found["generic"]["abstract"]) == (True, False)
    assert found["hill"]["file"] == str(sites / "hill.yaml")


def test_detect_says_why(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """The site's name on a line of its own, then what decided, and what others lack."""
    code, out, _ = run(
        capsys, "detect", "--sites", str(sites), environ={"CLUSTER": "hill", "NERSC_HOST": "x"}
    )
    name, *why = out.splitlines()
    assert (code, name) == (0, "generic")
    assert f"  not   hill: the host name is {platform.node()}, expected no-such-host" in why
    assert "  not   cori: NERSC_HOST is x, expected cori" in why
    assert not any("CLUSTER is hill" in line for line in why)
    (sites / "hill.yaml").write_text(NEW.replace(', hostname: "no-such-host"', ""))
    code, out, _ = run(
        capsys, "detect", "--sites", str(sites), environ={"CLUSTER": "hill", "SLURM_JOB_ID": "1"}
    )
    assert out.splitlines()[:3] == ["hill", "  why   detect.env.CLUSTER: CLUSTER is hill", "  node  compute"]


def test_detect_for_programs(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """With --json: the site, the node, and every clue of every site with whether it holds."""
    _, out, _ = run(capsys, "detect", "--json", "--sites", str(sites), environ={"CLUSTER": "hill"})
    told = json.loads(out)
    assert (told["site"], told["node"]) == ("generic", None)
    assert [clue["holds"] for clue in told["clues"]["hill"]] == [True, False]


def test_detect_of_a_named_site_says_that_it_was_named(
    capsys: pytest.CaptureFixture[str], sites: Path
) -> None:
    """Who set PYBUILD_SITE long ago is reminded of it."""
    _, out, _ = run(capsys, "detect", "--sites", str(sites), environ={"PYBUILD_SITE": "hill"})
    assert out.splitlines()[:2] == [
        "hill", "  why   it was asked for, by PYBUILD_SITE or the configuration file"
    ]  # fmt: skip


def test_show_has_everything(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """Nodes, rules with their dates and sources, launcher, failures, file systems, what is only recalled."""
    code, out, _ = run(capsys, "show", "hill", "--sites", str(sites))
    assert code == 0
    for text in (
        "hill: a cluster", "https://example.org/hill", "CLUSTER=hill and host name no-such-host",
        "hill[0-9]+",
        "SLURM_JOB_ID is set", "recalled  all of it", "A=b", "the why", "somebody", "2019-08-02",
        "after 2020-02-01", "srun -n ${{ ranks }}", "salloc", "/PMI2 init failed/", "it cannot start",
        "go elsewhere", "login read-write, compute read-only", "cc: gcc", "SYS=1",
        "programs in the site's path",
    ):  # fmt: skip
        assert text in out, text


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", site_files((shipped("sitecfg"),)))
def test_show_fits_the_terminal(name: str, width: int) -> None:
    """No line of any site is longer than the terminal is wide, but for one word that is; nothing is lost."""
    files = site_files((shipped("sitecfg"),))
    site = load_site(files[name], files)
    text = site_text(site, width)
    for line in text.splitlines():
        assert len(line) <= width or len(line.replace("${{ env.", "").split()) <= 3, line
    words = set(text.split())
    for rule in site.rules:
        assert set(f"{rule.name} {rule.reason} {rule.since}".split()) <= words
    for failure in site.failures:
        assert set(failure.cure.split()) <= words


def test_lint_ends_with_three_for_errors_only(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """A rule past its day is a warning and ends with 0; an unknown virtual ends with 3."""
    code, out, err = run(capsys, "lint", "hill", "--sites", str(sites))
    assert code == 0
    assert [line.split(": ", 2)[1] for line in out.splitlines()] == ["warning"]
    assert 'the rule "r" was to be looked at again after 2020-02-01' in out
    assert "recalled, not documented: hill 1" in err
    assert "1 site, no error, 1 warning" in err
    (sites / "hill.yaml").write_text(NEW.replace("compiler:", "complier:"))
    code, out, _ = run(capsys, "lint", "hill", "--sites", str(sites))
    assert code == int(ExitCode.DOCUMENT)
    assert f"{sites}/hill.yaml:9: virtuals.complier: unknown virtual" in out


def test_lint_tells_every_site_s_problems_at_once(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """A file that is broken does not end the checks of the others; what two sites inherit is told once."""
    (sites / "base.yaml").write_text(
        "name: base\nsummary: s\nabstract: true\nrules: [{name: x, reason: r, source: s}]\n"
    )
    for name in ("one", "two"):
        (sites / f"{name}.yaml").write_text(f"name: {name}\nextends: base\nverify: linked\n")
    (sites / "odd.yaml").write_text("name: odd\nsummary: s\nverfy: linked\n")
    code, out, _ = run(capsys, "lint", "--json", "--sites", str(sites))
    told = json.loads(out)
    assert code == int(ExitCode.DOCUMENT)
    ours = [text for text in told["errors"] if text.startswith(str(sites))]
    assert [text.removeprefix(f"{sites}/") for text in ours] == [
        'base.yaml:4: rules[0]: the rule "x" does nothing',
        'odd.yaml:3: verfy: unknown key; did you mean "verify"?',
    ]
    assert told["recalled"]["hill"] == 1


def test_lint_of_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is a planning error with near names."""
    code, _, err = run(capsys, "lint", "genric")
    assert code == int(ExitCode.PLAN)
    assert "did you mean generic?" in err


def test_an_abstract_site_cannot_be_chosen(capsys: pytest.CaptureFixture[str], sites: Path) -> None:
    """It can be looked at, but no plan is made for it."""
    (sites / "base.yaml").write_text("name: base\nsummary: shared\nabstract: true\n")
    assert run(capsys, "show", "base", "--sites", str(sites))[0] == 0
    code, _, err = run(capsys, "test", "base", "--sites", str(sites))
    assert code == int(ExitCode.PLAN)
    assert "the site base is abstract" in err


def test_probe_prints_a_file_that_works(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What stands on standard output is a site file and nothing else."""
    code, out, err = run(capsys, "probe", "--name", "here")
    assert code == 0
    (tmp_path / "here.yaml").write_text(out)
    assert run(capsys, "lint", "here", "--sites", str(tmp_path))[0] == 0
    assert "save it as here.yaml" in err


def test_test_needs_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere it says so once, with the way to an imitation, and ends with the code of modules."""
    if os.path.exists("/opt/modules/default/init/bash"):
        pytest.skip("this is a Cray")
    code, out, err = run(capsys, "test", "cori")
    assert (code, out) == (int(ExitCode.MODULES), "")
    assert "modules.init: found /opt/modules/default/init/bash, which does not exist: is this cori?" in err
    assert "pybuild site test cori --simulate" in err


def test_test_of_a_site_without_modules(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to try, which is no failure."""
    code, _, err = run(capsys, "test", "generic")
    assert code == 0
    assert "site generic has no module tool" in err
    assert run(capsys, "test", "generic", "--json")[:2] == (0, "[]\n")


def written_down(name: str, folder: Path) -> str:
    """Write a site that docs/sites.md shows into a folder, and return its text."""
    page = (Path(__file__).parents[2] / "docs" / "sites.md").read_text()
    found = re.search(rf"<!-- site: {name} -->\n```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert found is not None
    (folder / f"{name}.yaml").write_text(found[1])
    return found[1]


def real_tool(kind: str, folder: Path) -> dict[str, str]:
    """Return the variables that say where a real module tool is."""
    if kind == "tcl":
        return {"MODULESHOME": str(Path(five().init).parents[1])}
    (folder / "lmod" / "init").mkdir(parents=True)
    shutil.copy(lmod(folder).init, folder / "lmod" / "init" / "bash")
    return {"LMOD_PKG": str(folder / "lmod")}


@pytest.mark.parametrize("kind", ["tcl", "lmod"])
def test_the_site_of_the_documentation_works_in_a_box(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    """Both module tools carry out the example of under sixty lines, every operation as it should be."""
    folder = tmp_path / "my-sites"
    folder.mkdir()
    assert len(written_down("ridge", folder).splitlines()) < 60
    assert run(capsys, "lint", "ridge", "--sites", str(folder))[0] == 0
    environ = real_tool(kind, tmp_path)
    code, out, err = run(
        capsys, "test", "ridge", "--simulate", "--tool", kind, "--sites", str(folder), environ=environ
    )
    assert code == 0, out + err
    assert "ok    swap PrgEnv-intel PrgEnv-gnu: loaded" in out
    assert "unload craype-hugepages2M: unloaded craype-hugepages2M  [site ridge: rule no-hugepages]" in out
    assert "all as they should be" in err


def test_an_operation_that_fails_is_told_and_ends_with_nine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A swap of what is not loaded: the row names the rule, the others are tried all the same."""
    text = written_down("ridge", tmp_path)
    swap = text.replace(
        '[{unload: "craype-hugepages*"}]', "[{swap: {old: altd, new: atp}}, {unload: 'craype-h*'}]"
    )
    (tmp_path / "ridge.yaml").write_text(swap)
    box = tmp_path / "box"
    code, out, err = run(
        capsys, "test", "ridge", "--box", str(box), "--json", "--sites", str(tmp_path),
        environ=real_tool("tcl", tmp_path),
    )  # fmt: skip
    rows = json.loads(out)
    assert code == int(ExitCode.MODULES)
    assert rows
    assert not any(row["ok"] for row in rows)
    assert all("altd" in row["sentence"] and "rule no-hugepages" in row["sentence"] for row in rows)
    assert f"{len(rows)} of {len(rows)} checks failed" in err
    assert (box / "modulefiles").is_dir()


def test_an_imitation_needs_a_real_tool(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the tool is not, the error says which file was looked for."""
    code, _, err = run(
        capsys, "test", "cori", "--simulate", "--tool", "lmod", environ={"LMOD_PKG": "/no/such/lmod"}
    )
    assert code == int(ExitCode.USAGE)
    assert "there is no Lmod here: /no/such/lmod/init/bash does not exist" in err
