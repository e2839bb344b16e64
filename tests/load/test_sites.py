"""load/sites.py: the right site is chosen, and says so when it cannot."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pybuild.errors import DocumentError, PlanError
from pybuild.load.detect import clues
from pybuild.load.document import load_document
from pybuild.load.places import Places, shipped
from pybuild.load.site_record import site_of
from pybuild.load.sites import choose_site, named_site
from pybuild.model.launcher import Launcher
from pybuild.model.nodes import Detect
from pybuild.model.providers import Provider
from pybuild.model.rules import Rule, When

EXAMPLES = Path(__file__).parent.parent / "examples"


def places(*directories: Path, site: str | None = None) -> Places:
    sites = (*map(str, directories), shipped("sitecfg"))
    return Places(recipes=(), sites=sites, channel="/c", cache="/k", site=site)


def make(directory: Path, name: str, extra: str = "", inside: str | None = None) -> None:
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.yaml").write_text(f"name: {inside or name}\nsummary: {directory.name}\n{extra}")


def test_every_key_reaches_the_record() -> None:
    """A site with every key becomes a record that holds every value."""
    site = site_of(load_document(str(EXAMPLES / "valid" / "site-full.yaml")))
    assert site.detect.env == (("NERSC_HOST", "cori"),)
    assert site.keep_env == ("TMPDIR", "SLURM_*")
    assert site.path == ("/usr/bin", "/opt/cray/bin")
    assert [virtual.name for virtual in site.virtuals] == ["compiler", "mpi"]
    assert site.virtuals[0].providers == (
        Provider(name="system", where="path", programs=(("cc", ("gcc", "cc")),)),
    )
    assert site.virtuals[1].providers[1] == Provider(name="mpich", where="recipe", recipe="mpich")
    assert site.rules == (
        Rule(
            name="dynamic",
            when=When(virtual="mpi"),
            env=(("CRAYPE_LINK_TYPE", "dynamic"),),
            reason="the wrapper links statically unless told otherwise",
            source="cc(1), 2019",
            review_after="2027-02-01",
        ),
    )
    expected = Launcher(ranks=("srun", "-n", "${{ ranks }}"), oversubscribe=(("SLURM_OVERCOMMIT", "1"),))
    assert site.launcher == expected
    assert (site.channels, site.verify) == (("conda-forge",), "linked")
    assert site.file.endswith("site-full.yaml")
    hash(site)


def test_generic_is_the_last_resort() -> None:
    """Where nothing is named and nothing detected, generic is used."""
    assert choose_site(None, places(), {"NERSC_HOST": "nobody"}).name == "generic"


def test_detection_needs_every_variable(tmp_path: Path) -> None:
    """A site is detected when all its variables have their values, and not when only some have."""
    make(tmp_path, "cori", "detect: {env: {HOST: cori, KIND: cray}}\n")
    assert choose_site(None, places(tmp_path), {"HOST": "cori", "KIND": "cray"}).name == "cori"
    assert choose_site(None, places(tmp_path), {"HOST": "cori"}).name == "generic"
    assert choose_site(None, places(tmp_path), {"HOST": "cori", "KIND": "other"}).name == "generic"


def test_named_site_wins(tmp_path: Path) -> None:
    """The command line wins over the configuration, which wins over detection."""
    make(tmp_path, "cori", "detect: {env: {HOST: cori}}\n")
    make(tmp_path, "other")
    environ = {"HOST": "cori"}
    assert choose_site("generic", places(tmp_path, site="other"), environ).name == "generic"
    assert choose_site(None, places(tmp_path, site="other"), environ).name == "other"


def test_named_site_reads_no_other(tmp_path: Path) -> None:
    """A broken site file does not hinder somebody who names another site."""
    make(tmp_path, "broken", "lancher: {}\n")
    assert choose_site("generic", places(tmp_path), {}).name == "generic"
    with pytest.raises(DocumentError, match="did you mean"):
        choose_site(None, places(tmp_path), {})


def test_two_claims(tmp_path: Path) -> None:
    """Two sites that both recognise the machine are an error, not a matter of luck."""
    make(tmp_path, "a", "detect: {env: {HOST: x}}\n")
    make(tmp_path, "b", "detect: {env: {HOST: x}}\n")
    with pytest.raises(PlanError, match="a and b both claim") as caught:
        choose_site(None, places(tmp_path), {"HOST": "x"})
    assert caught.value.hint == "add --site a"


def test_first_directory_wins(tmp_path: Path) -> None:
    """A user's own generic site hides the shipped one."""
    make(tmp_path / "mine", "generic")
    assert choose_site(None, places(tmp_path / "mine"), {}).summary == "mine"


def test_unknown_site() -> None:
    """An unknown site is a planning error with near names."""
    with pytest.raises(PlanError, match="there is no site 'genric'") as caught:
        choose_site("genric", places(), {})
    assert caught.value.hint == "did you mean generic?"


def test_unknown_site_lists_known() -> None:
    """Where no name is near, the known ones are listed."""
    with pytest.raises(PlanError) as caught:
        choose_site("zzz", places(), {})
    assert "generic" in (caught.value.hint or "")


def test_file_must_equal_name(tmp_path: Path) -> None:
    """A site in a file of another name is refused."""
    make(tmp_path, "a", inside="b")
    with pytest.raises(DocumentError, match=r'found "b" in the file "a\.yaml"'):
        choose_site("a", places(tmp_path), {})


def test_generic_hides_the_user() -> None:
    """The generic site lets no home directory, Python, conda or proxy setting into a build."""
    site = choose_site("generic", places(), {})
    assert site.keep_env == ("TMPDIR",)
    mpi = {virtual.name: virtual for virtual in site.virtuals}["mpi"]
    assert [provider.where for provider in mpi.providers] == ["shell", "prefix", "recipe", "recipe"]
    assert [provider.name for provider in mpi.providers[2:]] == ["mpich", "openmpi"]


def test_a_site_elsewhere_is_not_read_whole(tmp_path: Path) -> None:
    """A glance at its edge tells that another machine is meant; what is wrong inside hinders nobody here."""
    make(tmp_path, "by-name", "rules: [{name: x}]\n")
    make(tmp_path, "far", "detect:\n  env:\n    HOST: far\n\n  # a remark\nrules: [{name: x}]\n")
    assert choose_site(None, places(tmp_path), {"HOST": "near"}).name == "generic"
    with pytest.raises(DocumentError, match=r"rules\[0\]: reason is missing"):
        choose_site(None, places(tmp_path), {"HOST": "far"})


@pytest.mark.parametrize(
    "text",
    [
        "detekt: {env: {HOST: x}}\n",
        "detect: {evn: {HOST: x}}\n",
        "detect:\n  env: [HOST]\n",
        "detect: &a {env: {HOST: x}}\n",
        'detect: {hostname: "a("}\n',
        "detect: {files: [relative]}\n",
    ],
)
def test_a_glance_never_hides_a_slip(tmp_path: Path, text: str) -> None:
    """Whatever is odd at a site's edge is read whole, so that its mistake is told and not passed over."""
    make(tmp_path, "odd", text)
    if "&a" in text:
        assert choose_site(None, places(tmp_path), {"HOST": "x"}).name == "odd"
        return
    with pytest.raises(DocumentError, match=r"odd\.yaml:[34]: det"):
        choose_site(None, places(tmp_path), {"HOST": "near"})


def test_clues_say_what_was_found(tmp_path: Path) -> None:
    """Each key of detect is told with what this machine has, whether it fits or not."""
    there = tmp_path / "there"
    there.touch()
    wanted = Detect(
        env=(("A", "1"), ("B", "2"), ("C", "3")), hostname="login[0-9]+", files=(str(there), "/not/there")
    )
    found = clues(wanted, {"A": "1", "B": "9"}, "login7")
    assert [(clue.key, clue.holds, clue.text) for clue in found] == [
        ("detect.env.A", True, "A is 1"),
        ("detect.env.B", False, "B is 9, expected 2"),
        ("detect.env.C", False, "C is not set, expected 3"),
        ("detect.hostname", True, "the host name is login7, which matches login[0-9]+"),
        ("detect.files", True, f"{there} is there"),
        ("detect.files", False, "/not/there is not there"),
    ]
    assert not clues(wanted, {}, "login7x")[3].holds


def test_detection_is_quick(tmp_path: Path) -> None:
    """Forty large sites of other machines cost less than reading one of them whole."""
    rules = "".join(f"  - {{name: r{n}, env: {{A: b}}, reason: why, source: who}}\n" for n in range(300))
    for number in range(40):
        make(tmp_path, f"s{number}", f"detect: {{env: {{HOST: s{number}}}}}\nrules:\n{rules}")
    choose_site(None, places(tmp_path), {"HOST": "s0"})
    start = time.process_time()  # the machine may be busy with other things
    named_site("s1", places(tmp_path))
    one = time.process_time() - start
    start = time.process_time()
    choose_site(None, places(tmp_path), {"HOST": "none of them"})
    assert time.process_time() - start < one
