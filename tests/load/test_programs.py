"""load/programs.py: a provider's programs are looked for where the site says, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from pybuild.load.programs import find_providers
from pybuild.model.providers import Provider, Virtual, Where
from pybuild.model.site import Site


def program(folder: Path, name: str) -> str:
    """Write a program that says its folder."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho {folder.name} 1.0\n")
    file.chmod(0o755)
    return str(file)


def test_path_is_the_sites_and_shell_the_users(tmp_path: Path) -> None:
    """The same name in three places: each kind of provider finds its own."""
    for folder in ("site", "user"):
        program(tmp_path / folder, "mpicc")
    (tmp_path / "prefix").mkdir()
    program(tmp_path / "prefix/bin", "mpicc")
    kinds: tuple[Where, ...] = ("path", "shell", "prefix")
    providers = tuple(Provider(name=kind, where=kind, programs=(("cc", ("mpicc",)),)) for kind in kinds)
    site = Site(
        name="toy", summary="", path=(str(tmp_path / "site"),),
        virtuals=(Virtual(name="mpi", providers=providers),),
    )  # fmt: skip
    # The prefix is activated: its programs must not pass for the machine's own.
    environ = {"PATH": f"{tmp_path}/prefix/bin:{tmp_path}/user"}
    found = find_providers(site, {"mpi"}, prefix=str(tmp_path / "prefix"), environ=environ)
    assert {one.provider: dict(one.fields)["cc"] for one in found} == {
        "path": f"{tmp_path}/site/mpicc",
        "shell": f"{tmp_path}/user/mpicc",
        "prefix": "${{ prefix }}/bin/mpicc",
    }
    assert find_providers(site, {"compiler"}, prefix=str(tmp_path), environ=environ) == ()
