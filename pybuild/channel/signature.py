"""Signatures of OpenSSH: made and verified by ``ssh-keygen -Y``.

Whoever works at a site has OpenSSH and a key already, in an agent or on a token as well; its file of
allowed signers has names, validity dates and namespaces; nothing of it needs a network, a key server or
a daemon. ``ssh-keygen(1)``, "ALLOWED SIGNERS" and ``-Y``; tried with OpenSSH 9.2, needs 8.2.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pybuild.errors import ChannelError
from pybuild.process import Captured, capture

NAMESPACE = "pybuild-channel"
"""A signature made for another purpose is none here: keys are used for more than one thing."""

BEGIN = b"-----BEGIN SSH SIGNATURE-----"


class NotSignedError(Exception):
    """A text bears no signature that counts; the message says why, to end a sentence with."""


def sign(text: bytes, key: str, environ: Mapping[str, str]) -> bytes:
    """Return a signature of a text.

    Args:
        key: file of the private key, or of the public key of one that the agent holds.
        environ: the user's environment, where the agent is named.

    Raises:
        ChannelError: ssh-keygen does not sign.
    """
    with tempfile.TemporaryDirectory(prefix="pybuild-sign-") as folder:
        file = Path(folder, "text")
        file.write_bytes(text)
        answer = _keygen(("sign", "-n", NAMESPACE, "-f", key, str(file)), environ)
        if answer.code != 0:
            raise ChannelError(
                f"{key}: ssh-keygen does not sign with it: {_reason(answer)}",
                hint="a key with a passphrase must be in the agent: ssh-add KEY, then name KEY.pub",
            )
        return file.with_name("text.sig").read_bytes()


def signer_of(text: bytes, signature: bytes, signers: str, environ: Mapping[str, str]) -> str:
    """Return who signed a text, as the file of allowed signers names him.

    Raises:
        NotSignedError: nobody of that file did, or his key is no longer or not yet valid.
        ChannelError: there is no such file, or no ssh-keygen.
    """
    if not os.path.isfile(signers):
        raise ChannelError(
            f"{signers}: does not exist, but packages must be signed by somebody whom it names",
            hint="ask who keeps the channel; the key of the configuration file is `signers`",
        )
    with tempfile.TemporaryDirectory(prefix="pybuild-verify-") as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        known = ("-f", signers, "-s", str(file))
        found = _keygen(("find-principals", *known), environ)
        names = [line for line in found.out.splitlines() if line.strip()]
        if found.code == 127:
            raise ChannelError(f"signatures cannot be verified: {found.err}", hint="install OpenSSH's client")
        if found.code != 0 or not names:
            raise NotSignedError(f"its signature is by no key of {signers} that is valid today")
        answer = found
        for name in names:
            answer = _keygen(("verify", "-n", NAMESPACE, "-I", name, *known), environ, text)
            if answer.code == 0:
                return name
    raise NotSignedError(f"its signature does not fit: {_reason(answer)}")


def _keygen(arguments: tuple[str, ...], environ: Mapping[str, str], given: bytes | None = None) -> Captured:
    kept = ("HOME", "PATH", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER")
    env = {"LC_ALL": "C", **{name: environ[name] for name in kept if name in environ}}
    return capture(("ssh-keygen", "-Y", *arguments), env=env, given=given)


def _reason(answer: Captured) -> str:
    lines = [line.strip() for line in (answer.err or answer.out).splitlines() if line.strip()]
    if not lines:
        return f"exit code {answer.code}"
    words = lines[-1].rstrip(".")
    return words[:1].lower() + words[1:]  # paths keep their letters
