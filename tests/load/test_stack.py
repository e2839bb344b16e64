"""load/stack.py: a stack file as a record, and every mistake in it as a sentence with its line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pybuild.errors import DocumentError
from pybuild.load.stack import load_stack
from pybuild.model.stack import Installer, SharePolicy, StackTest

EXAMPLES = Path(__file__).parent.parent / "examples" / "valid"
GOOD: dict[str, Any] = {"name": "survey", "root": "/srv/survey", "recipes": ["mpi4py"]}


def written(folder: Path, file: str = "stack.yaml", **values: Any) -> Path:
    """Write a stack file, a key to a line."""
    path = folder / file
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in (GOOD | values).items()))
    return path


def problems(path: Path) -> tuple[str, ...]:
    """Return what is wrong with a file, without its name."""
    with pytest.raises(DocumentError) as caught:
        load_stack(str(path))
    assert caught.value.hint
    assert all("\n" not in problem for problem in caught.value.problems)
    return tuple(problem.removeprefix(f"{path}:") for problem in caught.value.problems)


def test_every_key() -> None:
    """The examples with every key become the records that their keys say."""
    stack = load_stack(str(EXAMPLES / "stack-full.yaml"))
    assert (stack.name, stack.site, stack.target, stack.python) == ("survey", "perlmutter", "gpu", "3.11")
    rooted = load_stack(str(EXAMPLES / "stack-installer.yaml"))
    assert rooted.installer == Installer(
        file=str(EXAMPLES / "installers/Miniforge3-Linux-x86_64.sh"),
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    assert stack.conda == ("numpy 1.26.*", "scipy >=1.11,<2")
    assert stack.use == (("compiler", "gnu"),)
    assert stack.share == SharePolicy(group="survey", mode="u=rwX,g=rX,o=")
    assert stack.tests == (StackTest(name="pipeline", command=("python", "tests/pipeline.py"), ranks=2),)
    assert (stack.keep, stack.verify) == (5, "imported")
    assert stack.text == (EXAMPLES / "stack-full.yaml").read_text()


def test_defaults_and_folders_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be missing has its default; channels that begin with a dot lie beside the file."""
    monkeypatch.chdir("/")
    stack = load_stack(os.path.relpath(written(tmp_path, channels=["./channel", "conda-forge"])))
    assert stack.channels == (f"{tmp_path}/channel", "conda-forge")
    assert (stack.keep, stack.verify, stack.share) == (3, "ranked", SharePolicy())
    assert stack.file == str(tmp_path / "stack.yaml")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"root": "stacks/survey"}, '2: root: found "stacks/survey", expected an absolute path'),
        ({"root": "/"}, '2: root: found "/", expected a folder of its own'),
        ({"root": "/srv/../x"}, '2: root: found "/srv/../x", expected it without detours: "/x"'),
        ({"root": "//srv//x"}, '2: root: found "//srv//x", expected it without detours: "/srv/x"'),
        ({"root": "/srv/$PROJECT"}, '2: root: found "/srv/$PROJECT", expected a path without blanks'),
        ({"root": "/srv/my stack"}, "2: root: found"),
        ({"root": "/srv/" + "x" * 200}, "2: root: found 205 characters, expected at most 170"),
        ({"python": "newest"}, '4: python: found "newest", expected a version such as "3.11"'),
        ({"python": "./bin/python"}, '4: python: found "./bin/python"'),
        ({"conda": ["numpy >="]}, '4: conda[0]: "numpy >=" is no conda requirement'),
        ({"conda": ["num*"]}, '4: conda[0]: "num*" is no conda requirement'),
        ({"conda": ["python 3.11.*"]}, '4: conda[0]: python is no package of this list'),
        ({"index": ["rich>"]}, '4: index[0]: "rich>" is no requirement'),
        ({"index": ["-r more.txt"]}, '4: index[0]: "-r more.txt" is no requirement'),
        ({"index": ["a @ https://example.org/a.whl"]}, "4: index[0]: "),
        ({"index": ["rich", "rich>=13"]}, "4: index[1]: rich stands in this section twice"),
        ({"index": ["mpi4py>=3"]}, "4: index[0]: mpi4py is asked of index (>=3) and of recipes"),
        ({"conda": ["MPI4py"], "recipes": ["mpi4py>=4"]}, "3: recipes[0]: mpi4py is asked of recipes (>=4)"),
        ({"recipes": ["mpi4py; python_version>'3'"]}, "3: recipes[0]: "),
        ({"recipes": ["mpi4py", "mpi4py[exe]"]}, "3: recipes[1]: mpi4py stands in this section twice"),
        ({"environment": {"PATH": "/x"}}, "4: environment.PATH: a stack may not set this: "),
        ({"environment": {"PYTHONPATH": "/x"}}, "4: environment.PYTHONPATH: "),
        ({"environment": {"LD_LIBRARY_PATH": "/x"}}, "4: environment.LD_LIBRARY_PATH: a stack may not set"),
        ({"environment": {"two words": "/x"}}, "4: environment.two words: expected the name"),
        ({"share": {"mode": "u=rwX,g=rwX,o=rwX"}}, '4: share.mode: "u=rwX,g=rwX,o=rwX" lets everybody'),
        ({"share": {"mode": "g=rX"}}, '4: share.mode: "g=rX" keeps the owner out'),
        ({"share": {"mode": "0750"}}, '4: share.mode: found "0750", expected a symbolic mode'),
        ({"keep": 0}, "4: keep: found 0, expected at least 1"),
        ({"channels": ["https://me:secret@host/channel"]}, "4: channels[0]: holds a password"),
        ({"installer": {"file": "http://host/x.sh", "sha256": "0" * 63 + "a"}}, "4: installer.file: found"),
        (
            {"conda": ["numpy"], "installer": {"file": "x.sh", "sha256": "0" * 63 + "a"}},
            "4: conda: goes with no installer: the packages that it brings are all",
        ),
        ({"colour": "red"}, "4: colour: unknown key"),
        ({"pyhton": "3.11"}, '4: pyhton: unknown key; did you mean "python"?'),
        ({"tests": [{"name": "a", "command": ["x"]}] * 2}, "4: tests[1].name: a test before this one"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    """One mistake, one sentence, at its line."""
    (found,) = problems(written(tmp_path, **values))
    assert found.startswith(sentence), found


def test_one_package_in_two_sections_is_one_if_both_say_the_same(tmp_path: Path) -> None:
    """However each section spells it."""
    load_stack(str(written(tmp_path, conda=["numpy ==1.26.4"], index=["Numpy==1.26.4"])))
    load_stack(str(written(tmp_path, conda=["numpy 1.26.*"], index=["numpy==1.26.*"])))
    load_stack(
        str(written(tmp_path, index=["tomli>=1; python_version<'3.11'", "tomli>=2; python_version>='3.11'"]))
    )


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """In the order of their lines."""
    path = written(tmp_path, root="x", python="y", environment={"HOME": "z"})
    assert [found.split(":")[0] for found in problems(path)] == ["2", "4", "5"]


def test_neighbours(tmp_path: Path) -> None:
    """Two stacks of one folder have two names and two roots, neither within the other; other files may be."""
    written(tmp_path, "other.yaml", name="other", root="/srv/other")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("a: [\n")
    load_stack(str(written(tmp_path)))
    for root, sentence in (
        ("/srv/other", "2: root: the stack of other.yaml beside it has this root as well"),
        ("/srv/other/", "2: root: the stack of other.yaml beside it has this root as well"),
        ("/srv/other/x", "2: root: found /srv/other/x, and /srv/other of other.yaml beside it"),
        ("/srv", "2: root: found /srv, and /srv/other of other.yaml beside it"),
    ):
        (found,) = problems(written(tmp_path, root=root))
        assert found.startswith(sentence)
    (found,) = problems(written(tmp_path, name="other"))
    assert found.startswith('1: name: other.yaml beside it declares a stack "other" as well')
