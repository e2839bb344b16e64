"""proof.yaml: what is written is read again, one newest row about each thing, always in the same order."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.cli.recipe_trial import machine_name, shortened
from pybuild.errors import DocumentError, PybuildError
from pybuild.load.proofs import proof_text, read_proofs, with_row, write_proof
from pybuild.model.proofs import ProofRow

ROW = ProofRow(
    version="4.1.2", options=("exe",), python="3.11.7", site="cori", box=True,
    providers=(("compiler", "gcc (Debian 12.2.0-14) 12.2.0"), ("mpi", 'mpich "5": #1')),
    level="ranked", date="2026-11-22", machine="Debian GNU/Linux 12 (bookworm), x86_64", pybuild="0.1.0",
)  # fmt: skip


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every field, whatever YAML might take for something else: quotes, colons, signs."""
    path = write_proof(str(tmp_path), ROW)
    assert read_proofs(str(tmp_path)) == (ROW,)
    assert path == str(tmp_path / "proof.yaml")
    plain = replace(ROW, options=(), box=False, providers=())
    write_proof(str(tmp_path), plain)
    assert set(read_proofs(str(tmp_path))) == {ROW, plain}
    assert [entry.name for entry in tmp_path.iterdir()] == ["proof.yaml"]


def test_no_file_is_no_proof(tmp_path: Path) -> None:
    """As for a new recipe."""
    assert read_proofs(str(tmp_path)) == ()


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"date": "2027-01-01"}, True),
        ({"python": "3.11.9"}, True),
        ({"level": "linked", "machine": "other", "pybuild": "9", "providers": ()}, True),
        ({"python": "3.12.7"}, False),
        ({"python": "3.1.7"}, False),
        ({"version": "4.1.1"}, False),
        ({"options": ()}, False),
        ({"site": "generic"}, False),
        ({"box": False}, False),
    ],
)
def test_a_new_row_replaces_what_is_about_the_same(change: dict[str, object], replaces: bool) -> None:
    """The same release, options, minor Python, site, and whether the site was real."""
    new = replace(ROW, **change)  # type: ignore[arg-type]
    found = with_row((ROW,), new)
    assert found == (new,) if replaces else set(found) == {ROW, new}


def test_the_order_is_that_of_versions_and_not_of_time() -> None:
    """Newest release first, then newest Python, then by name: whoever records last changes one place only."""
    rows = [
        replace(ROW, version=version, python=python, site=site)
        for version in ("4.10.0", "4.9.0")
        for python in ("3.11.7", "3.9.1")
        for site in ("cori", "generic")
    ]
    mixed: tuple[ProofRow, ...] = ()
    for row in (rows[5], rows[2], rows[7], rows[0], rows[1], rows[6], rows[3], rows[4]):
        mixed = with_row(mixed, row)
    assert list(mixed) == rows


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"ranked"', '"perfect"', "proofs[0].level"),
        ("level:", "levle:", "unknown key"),
        ('"2026-11-22"', '"yesterday"', "proofs[0].date"),
        ('"3.11.7"', "3.11", "proofs[0].python"),
    ],
)
def test_a_wrong_file_is_told_with_line_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    """Written by hand, or by another version."""
    text = proof_text((ROW,))
    assert old in text
    (tmp_path / "proof.yaml").write_text(text.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        read_proofs(str(tmp_path))
    assert says in caught.value.message
    assert f"{tmp_path}/proof.yaml:" in caught.value.message


def test_a_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    """What somebody wrote there is not lost because it cannot be read."""
    (tmp_path / "proof.yaml").write_text("proofs: {")
    with pytest.raises(DocumentError):
        write_proof(str(tmp_path), ROW)
    assert (tmp_path / "proof.yaml").read_text() == "proofs: {"


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    """The path, the reason and what to do."""
    with pytest.raises(PybuildError, match=r"proof.yaml: cannot be written: no such file") as caught:
        write_proof(str(tmp_path / "gone"), ROW)
    assert "--recipes" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("identity", "short"),
    [
        ("mpich 5.0.2 py311_generic_hc0fb7052867e_0", "mpich 5.0.2"),
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc (Debian 12.2.0-14+deb12u1) 12.2.0"),
        ("/opt/soft/mpi/4.2/bin/mpicc for MPICH 4.2", "mpicc for MPICH 4.2"),
        ("libhdf5 1.14.3 at /home/elvis/hdf5/lib/libhdf5.so.310", "libhdf5 1.14.3 at libhdf5.so.310"),
        ("gcc 12.2.0; gcc (SUSE) 12.2.0", "gcc 12.2.0"),
        ("Debian GNU/Linux", "Debian GNU/Linux"),
        ("sha256:0123456789abcdef0123", "?"),
    ],
)
def test_a_providers_identity_is_short_and_has_no_path(identity: str, short: str) -> None:
    """What identifies it here stays here: folders, keys and hashes tell nobody else anything."""
    assert shortened(identity) == short


def test_a_machine_is_its_system_and_processor() -> None:
    """No host name; a system without os-release has a name all the same."""
    assert machine_name({"PRETTY_NAME": "SLES 15"}) == f"SLES 15, {os.uname().machine}"
    assert machine_name({}) == f"Linux, {os.uname().machine}"
