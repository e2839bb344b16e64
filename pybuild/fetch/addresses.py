"""What an address may look like, and how it is shown without its secrets."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from pybuild.errors import FetchError

# Anything between // and the last @ of a word is taken for a user name and password:
# a password may hold a slash or an @, and showing too little is better than showing too much.
_CREDENTIALS = re.compile(r"//[^\s'\"<>]+@")
_QUERY = re.compile(r"(://[^\s?#'\"]*)[?#][^\s'\"]*")


def redact(text: str) -> str:
    """Return a text with every address in it shown without user, password, query and fragment."""
    return _QUERY.sub(r"\1", _CREDENTIALS.sub("//", text))


def local_path(url: str) -> Path | None:
    """Return the path that a file address means, None for any other address."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    return Path(unquote(parts.path))


def is_loopback(host: str | None) -> bool:
    """Return whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_safe(url: str) -> bool:
    """Return whether bytes from an address cannot be changed on the way: https, or this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    except ValueError:
        return False


def check_safe(url: str, what: str) -> None:
    """Refuse an address that is neither https nor on this machine.

    Args:
        what: whose address it is, to begin the sentence with.

    Raises:
        FetchError: the address is not acceptable.
    """
    if not is_safe(url):
        raise FetchError(
            f"{what} has the address {redact(url)}, which is not https", hint="use an https address"
        )


def with_credentials_of(url: str, index: str) -> str:
    """Return an address with the index's user and password added where both are on one host."""
    ours, theirs = urlsplit(url), urlsplit(index)
    credentials, at, host = theirs.netloc.rpartition("@")
    if not at or "@" in ours.netloc or (ours.scheme, ours.netloc) != (theirs.scheme, host):
        return url
    return urlunsplit(ours._replace(netloc=f"{credentials}@{host}"))
