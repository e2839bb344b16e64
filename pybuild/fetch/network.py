"""The way out: pip's configuration and a session, set up at the first use and not before."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from pybuild.errors import FetchError
from pybuild.model.plan import Download

if TYPE_CHECKING:
    import requests

    from pybuild.fetch.pipconfig import PipConfig


class Network:
    """A session that goes out as pip does here; asking pip costs half a second, so only if needed.

    Args:
        environ: the user's environment, where pip looks for its settings.
        offline: refuse instead; not even pip is asked how it is configured.
        what: who is asked, for the message of a refusal.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        offline: bool = False,
        what: str = "the package index or a source's own server",
    ) -> None:
        self._environ = environ
        self.offline = offline
        self._what = what

    @cached_property
    def config(self) -> PipConfig:
        """How pip is configured.

        Raises:
            FetchError: there is no pip to ask, or nothing may be asked.
        """
        if self.offline:
            raise FetchError(
                f"offline, and {self._what} cannot be asked without a network",
                hint="leave out --offline, PYBUILD_OFFLINE and `offline` of the configuration file",
            )
        from pybuild.fetch.pipconfig import read_pip_config

        return read_pip_config(self._environ)

    @cached_property
    def session(self) -> requests.Session:
        """The session, open until the ``with`` block ends."""
        from pybuild.fetch.session import open_session

        return open_session(self.config)

    def locate(self, download: Download) -> str:
        """Return the address of an index project's file.

        Raises:
            FetchError: no index has it.
        """
        from pybuild.fetch.index import find_file

        project = download.pypi or ""
        return find_file(self.session, self.config, project, download.file, sha256=download.sha256).url

    def __enter__(self) -> Network:
        """Return the network itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session if it was opened."""
        if "session" in self.__dict__:
            self.session.close()
