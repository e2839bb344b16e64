"""Who may read a stack: what its file says, else what the site says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.deployment import check
from pybuild.load.places import find_places
from pybuild.model.stack import SharePolicy, Stack
from pybuild.settings import Settings


@pytest.mark.parametrize(
    ("own", "sites", "mode"),
    [
        (None, "", "u=rwX,g=rX,o=rX"),
        (None, "share: {root: ROOT, mode: 'u=rwX,g=rX,o='}", "u=rwX,g=rX,o="),
        (None, "share: {root: ROOT}", "u=rwX,g=rX,o=rX"),
        ("u=rwX,g=rwX,o=", "share: {root: ROOT, mode: 'u=rwX,g=rX,o='}", "u=rwX,g=rwX,o="),
    ],
)
def test_the_mode_of_a_stack(tmp_path: Path, own: str | None, sites: str, mode: str) -> None:
    """Where neither says one, everybody may read."""
    (tmp_path / "here.yaml").write_text(f"name: here\nsummary: s\n{sites.replace('ROOT', str(tmp_path))}\n")
    places = find_places({"HOME": str(tmp_path)}, sites=[tmp_path])
    settings = Settings(places=places, environ={}, command="pybuild", site="here")
    stack = Stack(name="s", root=str(tmp_path / "root"), share=SharePolicy(mode=own))
    assert check(stack, settings).text == mode
