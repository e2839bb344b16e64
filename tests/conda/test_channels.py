"""What channels do not have is an answer; a channel that fails, or a fault of ours, is none.

conda's engine runs in a child process; see ``tests.prefix.prefixes.in_child``.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.prefix.prefixes import in_child

COMPLETE = """\
import shutil
from pybuild.conda import channels
folder, asked = Path(sys.argv[1]), channels._python_packages
async def then_fails(*arguments):
    known = await asked(*arguments)
    shutil.rmtree(folder)
    return known
if sys.argv[2] == "fails":
    channels._python_packages = then_fails
try:
    print(channels.complete([folder.as_uri()], ["thing"], [], "linux-64", None))
except channels.UnansweredError as error:
    print("unanswered", error.message)
"""
SOLVE = """\
from pybuild.conda.channels import UnansweredError, UnmetError, solve
for channel, spec in ((sys.argv[1], "thing"), (sys.argv[1], "absent"), (sys.argv[1] + "/none", "thing")):
    try:
        solve([channel], [spec], "linux-64")
    except (UnansweredError, UnmetError) as error:
        print(type(error).__name__)
try:
    solve([sys.argv[1]], [1], "linux-64")
except TypeError:
    print("TypeError")
"""


def channel(folder: Path) -> Path:
    """Make a channel whose only package, for Python, needs one that nobody has."""
    row = {"name": "thing", "version": "1.0", "build": "h_0", "build_number": 0, "subdir": "linux-64",
           "depends": ["python", "absent"], "md5": "0" * 32, "sha256": "0" * 64, "size": 1}  # fmt: skip
    for subdir, packages in {"linux-64": {"thing-1.0-h_0.conda": row}, "noarch": {}}.items():
        (folder / subdir).mkdir(parents=True)
        data = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}
        (folder / subdir / "repodata.json").write_text(json.dumps(data))
    return folder


def test_a_channel_that_fails_in_between_does_not_count_as_empty(tmp_path: Path) -> None:
    """What cannot be met adds nothing; what could not be asked is an error."""
    done = in_child(COMPLETE, channel(tmp_path / "c"), "answers")
    assert done.stdout == "()\n", done.stderr
    done = in_child(COMPLETE, tmp_path / "c", "fails")
    assert done.stdout.startswith(f"unanswered {(tmp_path / 'c').as_uri()}: "), done.stderr


def test_unmet_unanswered_and_our_own_faults_are_three_things(tmp_path: Path) -> None:
    """A TypeError is never told as something that the channel said."""
    done = in_child(SOLVE, channel(tmp_path / "c").as_uri())
    assert done.stdout.split() == ["UnmetError", "UnmetError", "UnansweredError", "TypeError"], done.stderr
