"""The only kind of HTTP session here: with pip's certificate and proxy, patient, refusing plain http."""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from pybuild import __version__
from pybuild.errors import FetchError
from pybuild.fetch.addresses import check_safe

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

    from pybuild.fetch.pipconfig import PipConfig

#: seconds before the first repetition of a failed request; doubled for each further one
PAUSE = 0.5
#: the longest that a server may make us wait before the next try, in seconds
LONGEST_WAIT = 60.0
#: who takes longer to accept a connection is not reachable from here, as on many compute nodes; in seconds
LONGEST_CONNECT = 20.0
_AGAIN = (429, 500, 502, 503, 504)
# In this order: the later kinds are bases of the earlier ones.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy does not answer"),
    (requests.exceptions.SSLError, "its certificate is not accepted"),
    (requests.exceptions.Timeout, "no answer in time"),
    (requests.exceptions.TooManyRedirects, "it redirects in circles"),
    (requests.exceptions.InvalidSchema, "it redirects to something that is not http"),
    (requests.exceptions.ConnectionError, "no connection"),
)


def open_session(config: PipConfig) -> requests.Session:
    """Return a session that goes out the way pip does on this machine.

    Raises:
        FetchError: a certificate file of pip's configuration does not exist.
    """
    for name, file in (("cert", config.cert), ("client-cert", config.client_cert)):
        if file and not Path(file).exists():
            raise FetchError(
                f"pip's configuration names {file} as its {name}, which does not exist",
                hint=f"`python3 -m pip config debug` shows where {name} is set",
            )
    session = _Session(config.timeout)
    session.verify = config.cert or True
    session.cert = config.client_cert
    if config.proxy:
        session.proxies = {"http": config.proxy, "https": config.proxy}
    session.headers["User-Agent"] = f"pybuild/{__version__}"
    session.mount("https://", HTTPAdapter(max_retries=_retry(config.retries)))
    session.mount("http://", _LoopbackOnly(max_retries=_retry(config.retries)))
    return session


def jittered(seconds: float) -> float:
    """Return between half and all of a time, so that many clients do not come back at once."""
    return seconds * SystemRandom().uniform(0.5, 1)


def describe(error: Exception) -> str:
    """Return why a request failed in a few words; the exception's own text may hold passwords."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, ReadTimeoutError):
        return "no answer in time"
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError) and error.strerror:
        return f"a file that the connection needs cannot be read: {error.strerror.lower()}"
    return f"the request failed ({type(error).__name__})"


class _Session(requests.Session):
    """Passes its settings with each request: as mere session settings, variables would override them."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or (min(self._timeout, LONGEST_CONNECT), self._timeout)
        if self.verify is not True:
            kwargs["verify"] = self.verify
        if self.proxies:
            kwargs["proxies"] = dict(self.proxies)
        return super().request(*args, **kwargs)


class _LoopbackOnly(HTTPAdapter):
    """Refuses plain http to another machine, wherever the address came from, redirects included."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        check_safe(request.url or "", "a redirect or a link of an index")
        return super().send(request, *args, **kwargs)


class _Patience(Retry):
    """Exponential pauses with jitter, also with releases of urllib3 that have none; never waits for hours."""

    def get_backoff_time(self) -> float:
        return jittered(super().get_backoff_time())

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT)


def _retry(times: int) -> Retry:
    return _Patience(
        total=times,
        connect=min(times, 2),
        backoff_factor=PAUSE,
        status_forcelist=_AGAIN,
        allowed_methods=("GET",),
        raise_on_status=False,
    )
