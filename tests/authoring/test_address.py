"""``recipe new https://...``: what an address tells, and the build system that an archive shows."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybuild.authoring.address import taken_apart
from pybuild.errors import UsageError
from pybuild.fetch import pipconfig
from pybuild.fetch.pipconfig import PipConfig
from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe
from tests.authoring.archives import sdist
from tests.authoring.conftest import Run


@pytest.mark.parametrize(
    ("url", "name", "version", "template"),
    [
        ("https://h.org/fftw-3.3.10.tar.gz", "fftw", "3.3.10", "https://h.org/fftw-${{ version }}.tar.gz"),
        ("https://h.org/o/Lib_X/archive/refs/tags/v1.2.tar.gz", "lib-x", "1.2",
         "https://h.org/o/Lib_X/archive/refs/tags/v${{ version }}.tar.gz"),
        ("https://h.org/1.4/hdf5-1.4.tar.bz2", "hdf5", "1.4",
         "https://h.org/${{ version }}/hdf5-${{ version }}.tar.bz2"),
        ("https://h.org/a_b-2.0rc1.zip", "a-b", "2.0rc1", "https://h.org/a_b-${{ version }}.zip"),
    ],
)  # fmt: skip
def test_an_address_tells_name_and_version(url: str, name: str, version: str, template: str) -> None:
    """The usual ways to name an archive, with the version replaced wherever it stands."""
    address = taken_apart(url)
    assert (address.name, address.version, address.template) == (name, version, template)


@pytest.mark.parametrize("url", ["https://[", "https://[::1/a-1.0.tar.gz", "https://h]/a-1.0.tar.gz"])
def test_what_is_no_address_is_a_usage_error(url: str) -> None:
    """One sentence with what was typed, and an address as it should be."""
    with pytest.raises(UsageError, match="is no address: ") as caught:
        taken_apart(url)
    assert url in caught.value.message
    assert "https://example.org/name-1.2.tar.gz" in str(caught.value.hint)


@pytest.fixture
def https(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Path]]:
    """A folder that an https server on this machine serves, whose certificate pip is told to take."""
    folder = tmp_path / "served"
    folder.mkdir()
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", "req", *words, "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    config = PipConfig(cert=str(cert), timeout=60, retries=1)
    monkeypatch.setattr(pipconfig, "read_pip_config", lambda _: config)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    with contextlib.closing(server.socket):
        yield f"https://127.0.0.1:{server.server_address[1]}", folder
        server.shutdown()
        thread.join()


GPL = "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999\n"
SYSTEMS = {
    "autotools": {"configure": "", "Makefile.in": "AX_MPI", "COPYING": GPL},
    "cmake": {"CMakeLists.txt": "find_package(HDF5 REQUIRED)", "src/x.c": "#include <gsl/gsl_rng.h>"},
    "meson": {"meson.build": "dependency('fftw3')"},
    "make": {"Makefile": "all:\n\tmpicc x.c\n", "x.c": "#include <mpi.h>"},
    "python": {"setup.py": "from setuptools import setup", "thing/__init__.py": ""},
    "shell": {"notes.txt": "read me"},
}
VIRTUALS = {"cmake": "hdf5", "meson": "fftw", "make": "mpi", "autotools": "mpi"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_build_system_is_seen(run: Run, https: tuple[str, Path], tmp_path: Path, system: str) -> None:
    """Each system is told by its files, the hash is that of the bytes, and lint has nothing to say."""
    address, served = https
    body = sdist("thing-1.2", SYSTEMS[system])
    (served / "thing-1.2.tar.gz").write_bytes(body)
    code, _, err = run("new", f"{address}/thing-1.2.tar.gz", "--recipes", str(tmp_path / "r"))
    recipe = load_recipe(str(tmp_path / "r" / "thing" / "recipe.yaml"))
    assert (code, lint_recipe(recipe)) == (0, ()), err
    assert recipe.build.system == system
    assert recipe.source.url == f"{address}/thing-${{{{ version }}}}.tar.gz"
    assert recipe.releases[0].sha256 == hashlib.sha256(body).hexdigest()
    assert (VIRTUALS.get(system) in recipe.requirements.virtual) == (system in VIRTUALS)
    assert (recipe.about.license == "LGPL-2.1-or-later") == (system == "autotools")
    assert recipe.unproven


def test_what_is_fetched_is_there_for_the_build(
    run: Run, https: tuple[str, Path], tmp_path: Path, environ: dict[str, str]
) -> None:
    """The archive lies where a build looks for it, and nothing else stays behind."""
    address, served = https
    body = sdist("thing-1.2", SYSTEMS["make"])
    (served / "thing-1.2.tar.gz").write_bytes(body)
    run("new", f"{address}/thing-1.2.tar.gz", "--recipes", str(tmp_path / "r"))
    digest = hashlib.sha256(body).hexdigest()
    cache = Path(environ["PYBUILD_CACHE"])
    files = [path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file()]
    assert f"sources/{digest[:2]}/{digest}/thing-1.2.tar.gz" in files
    assert not [path for path in cache.iterdir() if path.name.startswith(("new.", "look."))]
