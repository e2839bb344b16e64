"""A plan file is the plan, and nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pybuild.errors import PlanError
from pybuild.run.plan_file import FORMAT, PlanFile, package_of, read_plan_file, write_plan_file
from tests.plan import cray
from tests.plan.test_modules import modules
from tests.plan.worlds import mpich, plan, user_of_mpi, world

CONTENT = PlanFile(plan=plan(world(user_of_mpi(), mpich()), "thing"), captures=(cray.captured(modules()),))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan file."""
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    write_plan_file(path, CONTENT)
    return path


def test_it_comes_back_as_it_was(file: Path) -> None:
    """Every record, the captured environments included."""
    assert read_plan_file(file) == CONTENT


def test_a_build_is_named_by_key_or_name(file: Path) -> None:
    """And by nothing else."""
    (package,) = [p for p in CONTENT.plan.packages if p.name == "thing"]
    assert package_of(CONTENT, package.key, file) == package == package_of(CONTENT, "thing", file)
    with pytest.raises(PlanError, match="no build has the key or name 'thin'"):
        package_of(CONTENT, "thin", file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_edited_file_is_refused(file: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Any byte that is changed, cut out or put in: the same plan, or one sentence; never another plan."""
    text = file.read_bytes()
    place = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 40))
    between = data.draw(st.binary(max_size=8) | st.sampled_from([b"0", b"null", b"[]", b'"', b" ", b"\n"]))
    edited = tmp_path / "edited.json"
    edited.write_bytes(text[:place] + between + text[place + length :])
    found, refusal = _tried(edited)
    if refusal is None:
        assert found == CONTENT
    else:
        assert str(edited) in refusal.message
        assert "\n" not in refusal.message
        assert refusal.hint


def _tried(path: Path) -> tuple[PlanFile | None, PlanError | None]:
    try:
        return read_plan_file(path), None
    except PlanError as error:
        return None, error


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_other_json_is_refused(tmp_path: Path, data: object) -> None:
    """Whatever it is, and whether or not it claims to be a plan with a digest that fits."""
    from pybuild import __version__
    from pybuild.run import plan_file

    path = tmp_path / "other.json"
    path.write_text(json.dumps(data))
    with pytest.raises(PlanError):
        read_plan_file(path)
    claim = {"format": FORMAT, "pybuild": __version__, "digest": plan_file._digest(data), "content": data}
    path.write_text(json.dumps(claim))
    with pytest.raises(PlanError, match="does not hold what this pybuild calls a plan"):
        read_plan_file(path)


@pytest.mark.parametrize(("key", "value"), [("format", 0), ("format", FORMAT + 1), ("pybuild", "0.0.1")])
def test_another_version_is_named(file: Path, tmp_path: Path, key: str, value: object) -> None:
    """What was found and what was expected, before anything else of the file is believed."""
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**json.loads(file.read_text()), key: value, "content": "unreadable"}))
    with pytest.raises(PlanError, match=rf"was written in format .*{value}.*, expected format {FORMAT} and"):
        read_plan_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the system's own reason."""
    with pytest.raises(PlanError, match=r"none\.json: cannot be read: No such file"):
        read_plan_file(tmp_path / "none.json")
