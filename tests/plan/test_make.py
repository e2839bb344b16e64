"""The plan as a whole, from records: what is kept, replaced, taken from the channel or built, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pybuild.errors import PlanError
from pybuild.model.machine import Installed
from pybuild.model.plan import Overlay, PackagePlan, Plan, StageInterpreter, StageWheel, Unpack
from pybuild.model.providers import Provider, Virtual
from pybuild.model.recipe import (
    Build,
    Condition,
    Option,
    Override,
    Provides,
    Recipe,
    Release,
    Requirements,
    Source,
)
from tests.plan import worlds
from tests.plan.worlds import (
    COMPILER,
    MPI,
    conda_package,
    held,
    installed,
    interpreter,
    machine,
    mpich,
    no_prefix,
    plan,
    prefix,
    recipe,
    release,
    sha,
    user_of_mpi,
    wheel_recipe,
    world,
)

THING = user_of_mpi("thing", "2.0", "1.0", options=(Option(name="exe", summary="x"),))
BARE = machine(providers=(COMPILER,))


def only(made: Plan) -> PackagePlan:
    (package,) = made.packages
    return package


def by_name(made: Plan) -> dict[str, PackagePlan]:
    return {package.name: package for package in made.packages}


# What the prefix has already


@pytest.mark.parametrize(
    ("there", "spec", "action", "change"),
    [
        (None, "thing", "build", "new"),
        (installed("thing", "2.0"), "thing", "keep", "none"),
        (installed("thing", "1.0"), "thing", "keep", "none"),
        (installed("thing", "1.0"), "thing>=2", "build", "upgrade"),
        (installed("thing", "2.0"), "thing==1.0", "build", "downgrade"),
        (installed("thing", "2.0"), "thing[exe]", "build", "replace"),
        (installed("thing", "2.0", options=("exe",)), "thing", "keep", "none"),
        (installed("thing", "2.0", options=("exe",)), "thing[exe]", "keep", "none"),
        (installed("thing", "2.0", key=None), "thing", "build", "replace"),
        (installed("thing", "1.9-weird", key=None), "thing", "build", "replace"),
    ],
)
def test_what_is_there_decides(there: Installed | None, spec: str, action: str, change: str) -> None:
    """What pybuild built and answers the spec is kept; a foreign build of it never is."""
    package = only(plan(world(THING, state=prefix(*([there] if there else []))), spec))
    assert (package.action, package.change) == (action, change)
    replaced = (there.version, there.build) if there and action != "keep" else None
    assert package.was == replaced


def test_a_plan_that_keeps_everything_changes_nothing() -> None:
    """And one that builds something does."""
    state = prefix(installed("thing", "2.0"))
    assert plan(world(THING, state=state), "thing").changes_nothing()
    assert not plan(world(THING, state=state), "thing", rebuild=True).changes_nothing()


def test_rebuild_neither_keeps_nor_takes_from_the_channel() -> None:
    """It builds what is already there."""
    here = world(THING, state=prefix(installed("thing", "2.0")))
    known = only(plan(here, "thing==2.0", rebuild=True))
    again = plan(here, "thing", rebuild=True, held=(held("thing", "2.0", key=known.key),))
    assert (only(again).action, only(again).change) == ("build", "replace")


# What the channel has already


def test_a_package_of_the_channel_is_taken_by_its_key() -> None:
    """With its own build string and hash; another version or key of it is not."""
    here = world(THING)
    key = only(plan(here, "thing")).key
    there = held("thing", "2.0", key=key)
    package = only(plan(here, "thing", held=(held("thing", "2.0", key="other"), there)))
    assert (package.action, package.build_string) == ("channel", there.build)
    assert (package.file, package.sha256) == (there.file, there.sha256)
    assert only(plan(here, "thing", held=(held("thing", "1.0", key=key),))).action == "build"
    assert only(plan(here, "thing", held=(held("other", "2.0", key=key),))).action == "build"


def test_with_a_compiler_a_loose_match_is_not_enough() -> None:
    """A machine that can build takes only what its own compiler would have built."""
    here = world(THING)
    loose = only(plan(here, "thing")).loose_key
    package = only(plan(here, "thing", held=(held("thing", "2.0", key="other", loose_key=loose),)))
    assert package.action == "build"


def test_without_a_compiler_a_loose_match_is_taken() -> None:
    """A compute node or a laptop without gcc installs what another machine built against the same MPI."""
    loose = only(plan(world(THING), "thing")).loose_key
    bare = world(THING, machine=machine(providers=(MPI,)))
    there = held("thing", "2.0", key="other", loose_key=loose)
    package = only(plan(bare, "thing", held=(there,)))
    assert (package.action, package.key, package.file) == ("channel", "other", there.file)


def test_without_a_compiler_and_without_a_match_there_is_no_plan() -> None:
    """The error says that a compiler is missing and how to get one."""
    bare = world(THING, machine=machine(providers=(MPI,)))
    with pytest.raises(PlanError, match="provides 'compiler': no gcc or cc on the PATH") as caught:
        plan(bare, "thing", held=(held("thing", "2.0", key="k", loose_key="another"),))
    assert "install a C compiler" in str(caught.value.hint)


def test_without_a_compiler_what_needs_none_is_planned() -> None:
    """A wheel is unpacked, nothing is compiled."""
    package = only(plan(world(wheel_recipe("pure"), machine=machine(providers=())), "pure"))
    assert package.action == "build"


# Providers that are packages


def test_an_mpi_that_comes_as_a_package_stands_in_the_host_prefix() -> None:
    """It is installed first, the build sees it at ``host``, the package depends on exactly that build."""
    made = plan(world(THING, mpich("4.2.3"), machine=BARE), "thing")
    assert [package.name for package in made.packages] == ["mpich", "thing"]
    mpi, thing = made.packages
    assert not mpi.requested
    assert "needed by thing" in mpi.why
    assert thing.build is not None
    assert thing.build.host == ("mpich",)
    assert ("MPICC", "${{ host }}/bin/mpicc -shared") in [(e.name, e.value) for e in thing.build.environment]
    assert thing.depends == ("python 3.11.*", f"mpich 4.2.3 {mpi.build_string}")
    assert ("mpi", f"mpich 4.2.3 {mpi.build_string}") in thing.identity
    assert thing.checks[1].library == "${{ prefix }}/lib/libmpi.so.12"


def test_an_mpi_that_the_prefix_has_is_kept_and_used_in_place() -> None:
    """The build sees it at ``prefix``; the host prefix holds only what is new."""
    there = installed("mpich", "4.2.3")
    made = plan(world(THING, mpich("5.0", "4.2.3"), machine=BARE, state=prefix(there)), "thing")
    mpi, thing = made.packages
    assert (mpi.action, mpi.version) == ("keep", "4.2.3")
    assert thing.build is not None
    assert thing.build.host == ()
    assert ("MPICC", "${{ prefix }}/bin/mpicc -shared") in [
        (e.name, e.value) for e in thing.build.environment
    ]
    assert thing.depends[1] == f"mpich 4.2.3 {there.build}"


def test_the_key_is_the_same_whether_the_mpi_is_new_or_there() -> None:
    """The same package of MPI gives the same build: what the first user built, the second takes."""
    first = by_name(plan(world(THING, mpich("4.2.3"), machine=BARE), "thing"))
    there = installed("mpich", "4.2.3", first["mpich"].build_string)
    again = by_name(plan(world(THING, mpich("4.2.3"), machine=BARE, state=prefix(there)), "thing"))
    assert again["thing"].key == first["thing"].key


@pytest.mark.parametrize("specs", [("thing", "mpich==4.2.3"), ("mpich==4.2.3", "thing")])
def test_what_the_user_asks_for_holds_where_another_package_needs_it(specs: tuple[str, ...]) -> None:
    """In any order: the MPI is the version that was asked for, and counts as asked for."""
    made = by_name(plan(world(THING, mpich("5.0", "4.2.3"), machine=BARE), *specs))
    assert (made["mpich"].version, made["mpich"].requested) == ("4.2.3", True)
    assert made["thing"].depends[1].startswith("mpich 4.2.3 ")


def test_a_need_narrows_what_the_user_asks_for() -> None:
    """Both conditions hold for the package that is chosen."""
    one = recipe("one", requirements=Requirements(run=("two <3",)))
    made = by_name(plan(world(one, recipe("two", "3.0", "2.0", "1.0")), "one", "two>=2"))
    assert (made["two"].version, made["two"].requested) == ("2.0", True)


def test_two_users_of_different_mpis_never_meet_in_a_prefix() -> None:
    """An installed package that binds another MPI stops the plan."""
    state = prefix(installed("other", "1", identity=(("mpi", "elsewhere"),)))
    with pytest.raises(PlanError, match="two providers of 'mpi' would meet"):
        plan(world(THING, state=state), "thing")


def test_what_modules_will_say_is_told_by_the_variables_name() -> None:
    """A conflict that is found before the modules are loaded shows no template."""
    compiler, mpi = worlds.site().virtuals
    fields = (("cc", "cc"), ("soname", "libmpi"))
    row = Provider(name="cray", where="site", fields=fields, identity="cray ${{ env.CRAY_VERSION }}")
    here = worlds.site(virtuals=(compiler, replace(mpi, providers=(row,))))
    state = prefix(installed("other", "1", identity=(("mpi", "elsewhere"),)))
    with pytest.raises(PlanError, match=r"to elsewhere, thing would be bound to cray \$CRAY_VERSION"):
        plan(world(THING, site=here, state=state), "thing")


# What the user chose for a prefix that is there


@pytest.mark.parametrize("spec", ["thing", "thing==2.0"])
@pytest.mark.parametrize(
    ("use", "said"),
    [
        (("mpi", "nosuch"), "--use mpi=nosuch: site here has no provider 'nosuch' of 'mpi'; "
         "it has wrapper, prefix, mpich"),
        (("mip", "mpich"), "--use mip=mpich: site here has no virtual 'mip'; it has compiler, mpi"),
        (("mpi", "mpich"), "thing 2.0 of the prefix is bound to .*, and --use mpi=mpich asks for another"),
        (("compiler", "other"), "no provider 'other' of 'compiler'; it has system"),
    ],
)  # fmt: skip
def test_a_choice_holds_for_what_is_kept(spec: str, use: tuple[str, str], said: str) -> None:
    """What is there already is no reason to pass over what the user typed."""
    there = installed("thing", "2.0", identity=(("compiler", COMPILER.identity), ("mpi", MPI.identity)))
    here = world(THING, mpich(), state=prefix(there), providers=(use,))
    with pytest.raises(PlanError, match=said):
        plan(here, spec)
    if use == ("mpi", "mpich"):
        made = by_name(plan(here, spec, rebuild=True))  # as the hint says
        assert made["thing"].identity[1][1].startswith("mpich ")


@pytest.mark.parametrize(
    ("use", "identity"),
    [
        (("mpi", "wrapper"), ("mpi", MPI.identity)),
        (("mpi", "wrapper"), ("mpi", MPI.identity.replace("4.0.2", "3.9"))),
        (("mpi", "mpich"), ("mpi", "mpich 4.0 h1_0")),
        (("compiler", "system"), ("compiler", "gcc 11.1.0")),
    ],
)
def test_the_provider_that_was_taken_may_be_named_again(
    use: tuple[str, str], identity: tuple[str, str]
) -> None:
    """The same command has nothing to do, also when the provider has become a newer one since."""
    there = installed("thing", "2.0", identity=(identity,))
    made = plan(world(THING, mpich(), state=prefix(there), providers=(use,)), "thing")
    assert made.changes_nothing()


@pytest.mark.parametrize(
    ("wanted", "serves"),
    [("3.11", True), ("3.11.7", True), ("3", True), ("2.7", False), ("3.1", False), ("3.12", False),
     ("/usr/bin/python3", True), ("/usr/bin/python2", False), ("/nothing", False)],
)  # fmt: skip
def test_a_prefix_keeps_its_python(wanted: str, serves: bool) -> None:
    """Another one that is asked for is refused; of a path the minor version counts."""
    versions = {"/usr/bin/python3": "3.11.9", "/usr/bin/python2": "2.7.18"}
    found = machine(interpreters=(interpreter(versions.get(wanted, "")),))
    here = world(THING, machine=found, state=prefix(installed("thing", "2.0")))
    if serves:
        assert plan(here, "thing", python=wanted).changes_nothing()
        return
    with pytest.raises(PlanError, match=f"--python {wanted}: {worlds.PREFIX} has Python 3.11.7"):
        plan(here, "thing", python=wanted)


# Requirements


def test_run_requirements_come_first_and_stand_in_depends() -> None:
    """As conda writes them: a name and a specifier, without the marker that was met."""
    numpy = recipe("numpy", "2.0", requirements=Requirements(run=("base>=1",)))
    thing = recipe("top", requirements=Requirements(run=("numpy>=2,<3", 'old; python_version < "3"', "base")))
    made = plan(world(numpy, thing, wheel_recipe("base", "1.5")), "top")
    assert [package.name for package in made.packages] == ["base", "numpy", "top"]
    assert made.packages[2].depends == ("python 3.11.*", "numpy <3,>=2", "base")
    assert made.packages[2].build is not None
    assert made.packages[2].build.host == ("base", "numpy")


def test_a_run_requirement_that_the_prefix_has_is_kept() -> None:
    """Nothing is upgraded that need not be."""
    top = recipe("top", requirements=Requirements(run=("base>=1",)))
    made = by_name(
        plan(world(top, wheel_recipe("base", "2.0"), state=prefix(installed("base", "1.0"))), "top")
    )
    assert (made["base"].action, made["base"].version) == ("keep", "1.0")


def test_two_askers_must_agree() -> None:
    """On a release that both take, if there is one; else both are named with what they want."""
    one = recipe("one", requirements=Requirements(run=("base",)))
    two = recipe("two", requirements=Requirements(run=("base <2",)))
    base = wheel_recipe("base", "2.0", "1.0")
    assert by_name(plan(world(one, two, base), "one", "two"))["base"].version == "1.0"
    other = recipe("one", requirements=Requirements(run=("base >=2",)))
    with pytest.raises(PlanError, match=r"base: one 1\.0 .* needs base >=2, two 1\.0 .* needs base <2"):
        plan(world(other, two, base), "one", "two")


def test_a_circle_of_run_requirements() -> None:
    """Is walked in full."""
    one = recipe("one", requirements=Requirements(run=("two",)))
    two = recipe("two", requirements=Requirements(run=("one",)))
    with pytest.raises(PlanError, match=r"circle: one -> two -> one$"):
        plan(world(one, two), "one")


def test_a_missing_recipe_says_who_needs_it() -> None:
    """And where to look further."""
    with pytest.raises(PlanError, match=r"no recipe for 'gone' \(needed by top\)") as caught:
        plan(world(recipe("top", requirements=Requirements(run=("gone",)))), "top")
    assert "pybuild recipe list" in (caught.value.hint or "")


def test_build_requirements_are_wheels_outside_every_prefix() -> None:
    """With what they need in turn, each once, in an order that does not depend on the recipe's."""
    tool = wheel_recipe("tool", "2.0", requirements=Requirements(run=("helper", 'old; python_version < "3"')))
    thing = recipe("top", requirements=Requirements(build=("tool >=1", "helper")))
    package = only(plan(world(tool, thing, wheel_recipe("helper")), "top"))
    assert package.build is not None
    (overlay,) = [step for step in package.build.steps if isinstance(step, Overlay)]
    assert [d.file for d in overlay.downloads] == ["helper-1.0-py3-none-any.whl", "tool-2.0-py3-none-any.whl"]
    assert package.depends == ("python 3.11.*",)


def test_a_build_requirement_must_be_a_wheel() -> None:
    """Nothing is built behind the user's back to build something else."""
    with pytest.raises(PlanError, match="'tool' must have build system 'wheel', its recipe has 'distutils'"):
        plan(world(recipe("tool"), recipe("top", requirements=Requirements(build=("tool",)))), "top")


def test_a_circle_of_build_requirements() -> None:
    """Is walked too."""
    tools = [wheel_recipe(n, requirements=Requirements(run=(m,))) for n, m in (("a", "b"), ("b", "a"))]
    with pytest.raises(PlanError, match=r"circle: a -> b -> a$"):
        plan(world(*tools, recipe("top", requirements=Requirements(build=("a",)))), "top")


# Sources


@pytest.mark.parametrize(
    ("changes", "file", "url"),
    [
        ({}, "top-1.0.tar.gz", None),
        ({"releases": (release("1.0", file="Top-1.0.zip"),)}, "Top-1.0.zip", None),
        ({"source": Source(url="https://x.example/${{ version }}/t-${{ version }}.tgz")}, "t-1.0.tgz",
         "https://x.example/1.0/t-1.0.tgz"),
    ],
)  # fmt: skip
def test_the_source_is_named_by_file_and_hash(changes: dict[str, object], file: str, url: str | None) -> None:
    """An index project's file has the usual name unless the recipe says otherwise."""
    package = only(plan(world(replace(recipe("top"), **changes)), "top"))  # type: ignore[arg-type]
    assert package.build is not None
    step = package.build.steps[0]
    assert isinstance(step, Unpack)
    assert (step.download.file, step.download.url, step.download.sha256) == (file, url, sha("a"))


def test_a_wheels_address_is_filled_in_too() -> None:
    """Nothing goes to the network with a template in it."""
    file = "pure-1.0-py3-none-any.whl"
    pure = Recipe(
        name="pure", about=recipe("x").about, source=Source(url="https://x.example/${{ version }}/" + file),
        releases=(Release(version="1.0", wheels=((file, sha("e")),)),), build=Build(system="wheel"),
    )  # fmt: skip
    package = only(plan(world(pure), "pure"))
    assert package.build is not None
    (step,) = package.build.steps
    assert isinstance(step, StageWheel)
    assert step.download is not None
    assert step.download.url == f"https://x.example/1.0/{file}"


# New prefixes


def test_a_new_prefix_gets_a_python_of_this_machine_and_pip() -> None:
    """Python first, as a package of its own; the notes say where it comes from."""
    made = plan(world(THING, wheel_recipe("pip"), state=no_prefix()), "thing")
    assert made.new_prefix
    assert [package.name for package in made.packages] == ["python", "thing", "pip"]
    python, thing, pip = made.packages
    assert python.build is not None
    assert python.build.steps == (StageInterpreter(interpreter="/usr/bin/python3.11.7"),)
    assert thing.build is not None
    assert (thing.build.new_python, thing.build.host) == (True, ("python",))
    assert not pip.requested
    assert made.notes == ("Python 3.11.7 of the new prefix comes from /usr/bin/python3.11.7",)


def test_what_passed_over_interpreters_lack_is_noted() -> None:
    """So that a user who expected the newest Python knows why it is another."""
    found = (interpreter("3.13.0"), interpreter("3.9.2"))
    old = recipe("old", release("1.0", "<3.10"))
    here = world(old, wheel_recipe("pip"), state=no_prefix(), machine=machine(interpreters=found))
    made = plan(here, "old")
    assert made.python == "3.9.2"
    assert "3.13.0 passed over: old: no version fits" in made.notes[1]


def test_pip_is_not_added_to_a_prefix_that_exists_nor_twice() -> None:
    """And who asks for pip gets it as asked for."""
    assert only(plan(world(THING, wheel_recipe("pip")), "thing")).name == "thing"
    made = by_name(plan(world(THING, wheel_recipe("pip", "2", "1"), state=no_prefix()), "thing", "pip==1"))
    assert (made["pip"].version, made["pip"].requested) == ("1", True)


def test_a_python_that_the_channel_has_is_not_copied_again() -> None:
    """The same interpreter is the same package."""
    here = world(THING, wheel_recipe("pip"), state=no_prefix())
    key = plan(here, "thing").packages[0].key
    python = plan(here, "thing", held=(held("python", "3.11.7", key=key),)).packages[0]
    assert (python.action, python.sha256) == ("channel", sha("f"))


def test_a_sites_conda_channel_gives_the_base() -> None:
    """Its packages come as its solver chose them, stand in the host prefix, and Python is one of them."""
    base = (conda_package("libz", "1.3"), conda_package("python", "3.12.4"), conda_package("pip", "24"))
    here = world(THING, state=no_prefix(), machine=machine(base=base, base_note="from there"))
    made = plan(here, "thing")
    assert [(p.name, p.action) for p in made.packages] == [
        ("libz", "conda"), ("python", "conda"), ("pip", "conda"), ("thing", "build"),
    ]  # fmt: skip
    thing = made.packages[-1]
    assert thing.build is not None
    assert thing.build.host == ("libz", "python", "pip")
    assert (made.python, thing.build_string[:5]) == ("3.12.4", "py312")
    assert made.packages[0].file == base[0].url
    assert made.notes == ("from there",)


# What the plan says


def test_reasons_are_gathered() -> None:
    """Who asked, what was passed over, which provider, which override."""
    override = Override(when=Condition(python=">=3.8"), reason="since 3.8 it is so", build=(("args", ()),))
    thing = user_of_mpi("thing", release("2.0", ">=3.12"), "1.0", overrides=(override,))
    why = only(plan(world(thing), "thing")).why
    assert why == (
        "asked for",
        "2.0 needs Python >=3.12, the prefix has 3.11.7",
        "compiler: system /usr/bin/gcc",
        "mpi: wrapper /usr/bin/mpicc",
        "since 3.8 it is so",
    )


def test_the_level_is_the_users_or_the_sites() -> None:
    """What the user demands wins."""
    assert plan(world(THING), "thing").verify == "ranked"
    assert plan(world(THING), "thing", verify="linked").verify == "linked"


def test_a_sites_name_is_a_word_of_the_build_string() -> None:
    """Conda takes no hyphen there: it separates name, version and build."""
    here = world(THING, site=replace(world().site, name="my-big-site"))
    package = only(plan(here, "thing"))
    assert package.build_string == f"py311_my_big_site_h{package.key}_0"
    assert "-" not in package.build_string


def test_planning_twice_gives_equal_plans() -> None:
    """The plan is a value: nothing of the clock, the process or the order of sets is in it."""
    here = world(
        THING, mpich(), wheel_recipe("pip"), state=no_prefix(), machine=machine(providers=(COMPILER,))
    )
    assert plan(here, "thing[exe]") == plan(here, "thing[exe]")


def test_condas_package_serves_where_nothing_of_the_site_is_in_it() -> None:
    """A numpy of conda's is kept for what needs it; conda's build of a package that binds MPI is not."""
    user = user_of_mpi(
        "h5", requirements=Requirements(virtual=("compiler", "mpi"), run=("numpy >=1", "thing"))
    )
    state = prefix(
        installed("numpy", "2.0", "condas_0", key=None), installed("thing", "1.0", "condas_0", key=None)
    )
    here = world(user, wheel_recipe("numpy", "2.5"), user_of_mpi(), state=state)
    assert {p.name: (p.action, p.version) for p in plan(here, "h5").packages} == {
        "numpy": ("keep", "2.0"),
        "thing": ("build", "1.0"),
        "h5": ("build", "1.0"),
    }
    assert {p.name: p.action for p in plan(here, "numpy").packages} == {"numpy": "build"}


def test_the_key_counts_needed_packages_that_bind_the_site() -> None:
    """What was compiled against another mpi4py is another package; a newer numpy changes nothing."""
    user = user_of_mpi("h5", requirements=Requirements(virtual=("compiler", "mpi"), run=("numpy", "thing")))

    def key(thing: str, numpy: str) -> str:
        here = world(user, wheel_recipe("numpy", numpy), user_of_mpi("thing", thing))
        return plan(here, "h5").packages[-1].key

    assert key("1.0", "2.5") == key("1.0", "2.6")
    assert key("1.0", "2.5") != key("1.1", "2.5")


def test_a_feature_that_a_recipe_provides_stands_in_the_host_prefix() -> None:
    """A build sees an HDF5 that is yet to be installed where it stands meanwhile."""
    fields = (("root", "${{ prefix }}"), ("soname", "libhdf5"))
    hdf5 = wheel_recipe("hdf5", provides=(Provides(virtual="hdf5[mpi]", fields=fields),))
    user = user_of_mpi(
        "h5",
        requirements=Requirements(virtual=("compiler", "hdf5[mpi]")),
        build=Build(system="distutils", env=(("HDF5_DIR", "${{ hdf5.root }}"),)),
        tests=(),
    )
    own = Virtual(name="hdf5[mpi]", providers=(Provider(name="hdf5", where="recipe", recipe="hdf5"),))
    build = (
        plan(world(user, hdf5, site=worlds.site(virtuals=(*worlds.site().virtuals, own))), "h5")
        .packages[-1]
        .build
    )
    assert build is not None
    assert build.environment[-1].value == "${{ host }}"


@pytest.mark.parametrize("name", ["wrapper", "mpich"])
def test_every_providers_variables_reach_the_build(name: str) -> None:
    """Found on the PATH, or built by a recipe: what the site says it needs is in the build's environment."""
    compiler, mpi = worlds.site().virtuals
    env = (("MPICH_CC", "gcc -m64"),)
    rows = [replace(row, env=env) if row.name == name else row for row in mpi.providers]
    here = worlds.site(virtuals=(compiler, Virtual(name="mpi", providers=tuple(rows))))
    user = user_of_mpi("thing", tests=())
    made = plan(world(user, mpich(), site=here, providers=(("mpi", name),)), "thing").packages[-1]
    assert made.build is not None
    (edit,) = (edit for edit in made.build.environment if edit.name == "MPICH_CC")
    assert (edit.value, edit.by) == ("gcc -m64", f"site here: provider {name} of mpi")
