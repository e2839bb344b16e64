"""A channel that must be signed: whatever is not as its keeper signed it is refused by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pybuild.channel.signed import sign_channel
from tests.end_to_end.project import Outcome, Project

SUBDIR = "linux-64"


def new_key(folder: Path, name: str) -> Path:
    """Make a key of OpenSSH's and return the private one's path."""
    folder.mkdir(exist_ok=True)
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(argv, check=True)
    return folder / name


def allow(signers: Path, key: Path, options: str = "") -> None:
    """Write the file of allowed signers with one key."""
    public = key.with_suffix(".pub").read_text()
    signers.write_text(f"{key.name}@site.example {options} {public}".replace("  ", " "))


@pytest.fixture
def key(project: Project) -> Path:
    return new_key(project.root / "keys", "keeper")


@pytest.fixture
def shared(project: Project, key: Path) -> Path:
    """A signed channel in front of an empty one of one's own, and the file that says who may sign."""
    folder = project.root / "shared"
    project.channel.rename(folder)
    signers = project.root / "signers"
    allow(signers, key)
    project.configure("toy", shared=[str(folder)], signers=str(signers))  # type: ignore[arg-type]
    project.run("channel", "sign", "--key", key, "--channel", folder).done()
    return folder


def signed(channel: Path) -> Path:
    return channel / SUBDIR / ".pybuild/signed"


def replace(file: Path, data: bytes) -> None:
    """Put other bytes under a name; the old file may be a hard link to another test's."""
    file.unlink()
    file.write_bytes(data)


def refused(outcome: Outcome, *words: str, code: int = 12) -> None:
    """Require one sentence with these words and this exit code, and no traceback."""
    assert outcome.code == code, outcome.err
    error = next(line for line in outcome.err.splitlines() if line.startswith("error: "))
    for word in words:
        assert word in error
    assert "Traceback" not in outcome.err


def test_what_is_signed_is_taken(project: Project, shared: Path) -> None:
    """Without a word, and nothing is built."""
    done = project.install("toyext==1.0").done()
    assert ": pack" not in done.err
    assert project.imports("toyext") == "1.0"
    project.run("channel", "verify", shared, "--signers", project.root / "signers").done()


def test_a_missing_signature(project: Project, shared: Path) -> None:
    """Of the whole channel, and of a package that came after it was signed."""
    text = signed(shared).read_bytes()
    signed(shared).unlink()
    refused(project.run("plan", "toyext==1.0"), str(shared), "toyext 1.0", "is not signed")
    assert not project.prefix.exists()
    signed(shared).write_bytes(text)
    project.install("toypure==2.0", "--rebuild", "--channel", shared).done()
    outcome = project.install("toypure==2.0", "-p", project.root / "other")
    refused(outcome, "toypure 2.0 (toypure-2.0-", "nobody has signed it")
    assert "pybuild channel sign" in outcome.err
    none = {"PYBUILD_SHARED_CHANNEL": "none"}
    assert project.run("plan", "toypure==2.0", environ=none).code == 0


def test_a_wrong_key(project: Project, shared: Path) -> None:
    """Somebody who may write to the channel, but whom nobody allowed to sign."""
    other = new_key(project.root / "keys", "stranger")
    project.run("channel", "sign", "--key", other, "--channel", shared).done()
    refused(project.install("toyext==1.0"), str(shared), "toyext 1.0", "by no key of")
    assert not project.prefix.exists()


def test_a_key_for_something_else(project: Project, shared: Path, key: Path) -> None:
    """The keeper's own signature, made for another purpose (say, of a git commit), is none here."""
    data = signed(shared).read_bytes()
    text = project.root / "text"
    text.write_bytes(data[: data.index(b"-----BEGIN")])
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key, text], check=True)
    signed(shared).write_bytes(text.read_bytes() + Path(f"{text}.sig").read_bytes())
    refused(project.install("toyext==1.0"), "toyext 1.0", "signature does not fit")


def test_a_tampered_package(project: Project, shared: Path) -> None:
    """Its bytes are not those of the signed hash: refused where they would be used, and by verify."""
    (file,) = shared.glob(f"{SUBDIR}/toyext-1.0-*.conda")
    replace(file, file.read_bytes()[:-1] + b"?")
    refused(project.install("toyext==1.0"), file.name, "sha256", code=7)
    assert not project.prefix.exists()
    refused(project.run("channel", "verify", shared), "hashes", code=7)
    refused(project.run("channel", "sign", "--key", project.root / "keys/keeper", "--channel", shared),
            file.name, code=7)  # fmt: skip


@pytest.mark.parametrize("both", [False, True], ids=["index", "index-and-signed"])
def test_a_tampered_index(project: Project, shared: Path, both: bool) -> None:
    """A package with other bytes, and the hash of these in the index, in the signed one too."""
    (file,) = shared.glob(f"{SUBDIR}/toyext-1.0-*.conda")
    (other,) = shared.glob(f"{SUBDIR}/toyext-2.0-*.conda")
    index = shared / SUBDIR / ".pybuild/index"
    rows = {
        line.split("\t")[1]: line.split("\t")[5]
        for line in index.read_text().splitlines()
        if "toyext" in line
    }
    replace(file, other.read_bytes())
    for path in (index, signed(shared)) if both else (index,):
        path.write_text(path.read_text().replace(rows["1.0"], rows["2.0"]))
    words = "signature does not fit" if both else "not the one that was signed"
    refused(project.install("toyext==1.0"), "toyext 1.0", words)
    assert not project.prefix.exists()


def test_a_replayed_index(project: Project, shared: Path, key: Path) -> None:
    """An old state of the channel, as it was signed then: who has seen a newer one refuses it."""
    old = project.root / "old"
    shutil.copytree(shared, old)
    project.install("toyext==1.0", "--rebuild", "--channel", shared).done()
    project.run("channel", "sign", "--key", key, "--channel", shared).done()
    data = project.run("plan", "toyext==1.0", "-p", project.root / "other", "--json").done().data
    assert [p["build_string"][-2:] for p in data["packages"] if p["name"] == "toyext"] == ["_1"]
    shutil.rmtree(shared)
    old.rename(shared)
    outcome = project.run("plan", "toyext==1.0", "-p", project.root / "other")
    refused(outcome, "toyext 1.0", "older than one seen before")


def test_an_older_package_under_a_newer_name(project: Project, shared: Path, key: Path) -> None:
    """The bytes of a package that was replaced, put under the name of the one that replaced it."""
    project.install("toyext==1.0", "--rebuild", "--channel", shared).done()
    project.run("channel", "sign", "--key", key, "--channel", shared).done()
    first, second = sorted(shared.glob(f"{SUBDIR}/toyext-1.0-*.conda"))
    replace(second, first.read_bytes())
    refused(project.install("toyext==1.0", "-p", project.root / "other"), second.name, "sha256", code=7)


@pytest.mark.parametrize("how", ["signature", "key"])
def test_expired(project: Project, shared: Path, key: Path, how: str) -> None:
    """A signature that nobody has renewed, and a key that was to be used until yesterday."""
    if how == "key":
        allow(project.root / "signers", key, 'valid-before="20200101"')
        words = "by no key of"
    else:
        environ = {**os.environ, **project.environ}
        past = time.time() - 3 * 86400
        signed(shared).unlink()
        sign_channel(str(shared), SUBDIR, str(key), days=2, now=past, environ=environ)
        words = "has expired on"
    refused(project.install("toyext==1.0"), "toyext 1.0", words)


def test_nobody_knows_the_signers(project: Project, shared: Path) -> None:
    """A file of signers that is missing or damaged lets nothing pass."""
    (project.root / "signers").write_text("nonsense\n")
    refused(project.install("toyext==1.0"), "toyext 1.0")
    (project.root / "signers").unlink()
    refused(project.install("toyext==1.0"), "signers: does not exist")


@pytest.mark.parametrize(
    "data", [b"", b"\xff\n\n", b"pybuild-channel 1\n\nx\n", b"pybuild-channel 1\nserial x\n\n"]
)
def test_a_damaged_signed_index(project: Project, shared: Path, data: bytes) -> None:
    """Is no signature."""
    tail = signed(shared).read_bytes()
    signed(shared).write_bytes(data + tail[tail.index(b"-----BEGIN") :])
    refused(project.install("toyext==1.0"), "toyext 1.0")


def test_a_key_that_does_not_sign(project: Project, shared: Path) -> None:
    """ssh-keygen's own words, with the key's name as it is, and what to do."""
    key = project.root / "NoKey"
    key.touch(mode=0o600)
    outcome = project.run("channel", "sign", "--key", key, "--channel", shared)
    refused(outcome, "ssh-keygen does not sign with it")
    assert str(key).lower() not in outcome.err
    key.unlink()
    missing = project.run("channel", "sign", "--key", key, "--channel", shared)
    assert (missing.code, missing.err) == (2, f"error: --key {key}: there is no such file\n")


def test_who_has_to_sign_what_is_told(project: Project, shared: Path) -> None:
    """The keeper the channel that was refused, and not the user's own, whatever that one named."""
    signed(shared).unlink()
    outcome = project.install("toyext==1.0", "--channel", project.root / "own")
    refused(outcome, "toyext 1.0")
    assert f"`pybuild channel sign --channel {shared}`" in outcome.err


def test_a_pull_demands_the_signature(project: Project, shared: Path) -> None:
    """Of what it copies; the signed index comes along, for those who read the copy."""
    signers = project.root / "signers"
    done = project.run("channel", "pull", "--from", shared, "--signers", signers, "--json").done()
    assert len(done.data["copied"]) == len(list(shared.rglob("*.conda")))
    project.run("channel", "verify", "--signers", signers).done()
    assert json.loads((project.channel / SUBDIR / "repodata.json").read_text())["packages.conda"]
    other = new_key(project.root / "keys", "stranger")
    project.run("channel", "sign", "--key", other, "--channel", shared).done()
    empty = project.root / "empty"
    outcome = project.run("channel", "pull", "--from", shared, "--signers", signers, "--channel", empty)
    refused(outcome, "by no key of")
    assert not list(empty.rglob("*.conda"))
