"""``pybuild recipe test --box``: a Cray is made for the site, and the recipe is built and ranked in it."""

from __future__ import annotations

import yaml

from pybuild.load.proofs import read_proofs
from pybuild.locks import held
from pybuild.prefix import places
from tests.end_to_end import toys
from tests.end_to_end.project import BASE, ROOT, Project, clone, finished
from tests.modules.tools import five


def lay_out(project: Project) -> None:
    """Let a toy stand behind the modules of Cori's MPI, and let Cori take any Python of this machine."""
    five()
    mpi = toys.mpi_wheel("mpich", project.root / "mpich")
    project.recipe("mpich", toys.mpi_recipe(mpi))
    project.serve(mpi)
    site = yaml.safe_load((ROOT / "sitecfg/cori.yaml").read_text())
    site["python"]["refuse"] = []
    (project.sites / "cori.yaml").write_text(yaml.safe_dump(site, sort_keys=False))
    clone(project.channel, project.cache / "test/channel")


def test_a_recipe_is_proven_in_a_box_that_goes(project: Project) -> None:
    """Built with the site's wrapper and modules, linked to the box's MPI, ranked, recorded as boxed."""
    lay_out(project)
    words = ("recipe", "test", "toyext", "--site", "cori", "--box", "--python", BASE, "--record")
    outcome = project.run(*words).done()
    assert " cori (box) " in outcome.out
    assert " ranked " in outcome.out
    (row,) = read_proofs(str(project.recipes / "toyext"))
    assert (row.site, row.box, row.level) == ("cori", True, "ranked")
    assert "cray-mpich" in dict(row.providers)["mpi"]
    left = sorted(path.name for path in (project.cache / "test").glob("[!.]*"))
    assert left == ["box-libraries", "channel"]


def test_a_box_in_which_a_build_failed_stays(project: Project) -> None:
    """What was kept of the build needs it: in its shell the wrapper of the box still compiles."""
    lay_out(project)
    broken = toys.sdist("toybad", "1.0", {"core.c": "#error out of flux\n"})
    project.recipe("toybad", toys.extension_recipe(broken))
    project.serve(broken)
    outcome = project.run("recipe", "test", "toybad", "--site", "cori", "--box", "--python", BASE)
    assert outcome.code == 5
    assert "out of flux" in outcome.out
    assert "the box stays in" in outcome.err
    words = "echo PE_ENV=$PE_ENV; echo 'int x;' > x.c; cc -c x.c && ls x.o"
    shell = project.run("recipe", "debug", "toybad", "--command", words).done()
    assert shell.out == "PE_ENV=GNU\nx.o\n"


def test_two_boxes_at_once(project: Project) -> None:
    """Both want to make the prefix of the libraries: one makes it, the other finds it there, both go on."""
    lay_out(project)
    other = toys.sdist("toytwo", "1.0")
    project.recipe("toytwo", toys.extension_recipe(other))
    project.serve(other)
    runs = []
    (project.cache / "test").mkdir(exist_ok=True)
    with held(places.lock(project.cache / "test/box-libraries")):
        for name in ("toyext", "toytwo"):
            words = ("recipe", "test", name, "--site", "cori", "--box", "--python", BASE)
            runs.append(project.start(*words))
        for run in runs:
            assert run.stderr is not None
            while "waiting for" not in (line := run.stderr.readline()):
                assert line, "the run ended instead of waiting"
    ended = [finished(run).done() for run in runs]
    assert sum("looking again" in outcome.err for outcome in ended) == 1
