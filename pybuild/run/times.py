"""How long builds took in earlier runs with this cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pybuild.files import replace_file
from pybuild.model.run import Progress

_FILE = "times.json"


def read_times(runs: Path) -> Mapping[str, float]:
    """Return the seconds that the last build of each package took, by name."""
    try:
        data = json.loads((runs / _FILE).read_text())
        return {str(name): float(seconds) for name, seconds in data.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_times(runs: Path, builds: Iterable[Progress]) -> None:
    """Remember what took how long; two runs at once may forget one of each other's."""
    new = {one.name: round(one.ended - one.began, 1) for one in builds if one.state == "built"}
    if not new:
        return
    text = json.dumps({**read_times(runs), **new}, indent=1, sort_keys=True) + "\n"
    with suppress(OSError):  # a full disk: the next run guesses
        replace_file(runs / _FILE, text)
