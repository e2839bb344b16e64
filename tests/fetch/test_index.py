"""Files are found where pip is configured to look, and failures are explained without secrets."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest
import requests

from pybuild.errors import FetchError
from pybuild.fetch.addresses import redact
from pybuild.fetch.index import find_file, list_files
from pybuild.fetch.pipconfig import PipConfig, read_pip_config
from pybuild.fetch.session import open_session
from pybuild.model.plan import Download
from tests.servers import Fault, Listed, Server, html_page

FILES = (
    Listed("demo-1.0.tar.gz", b"one", requires_python=">=3.8"),
    Listed("demo-1.1.tar.gz", b"one-one", yanked=True),
    Listed("demo-1.1-py3-none-any.whl", b"wheel"),
)


def config_of(*indexes: str, find_links: tuple[str, ...] = ()) -> PipConfig:
    return PipConfig(indexes=indexes, find_links=find_links, timeout=60, retries=2)


def test_pip_configuration_is_pips_own(tmp_path: Path) -> None:
    """Variables, pip.conf and plain paths are read as pip reads them."""
    conf = tmp_path / "pip.conf"
    conf.write_text(
        "[global]\nextra-index-url =\n  https://extra.example/simple\n  file:///nowhere/simple\n"
        f"find-links = {tmp_path}\nproxy = http://proxy.example:1\n[download]\ntimeout = 7\n"
    )
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": str(conf),
        "PIP_INDEX_URL": "https://main.example/simple",
        "PIP_CERT": "/some/bundle.pem",
        "PIP_RETRIES": "2",
    }
    config = read_pip_config(env)
    assert config.indexes[:2] == ("https://main.example/simple", "https://extra.example/simple")
    assert "file:///nowhere/simple" in config.indexes
    assert tmp_path.as_uri() in config.find_links
    assert (config.cert, config.client_cert, config.proxy) == (
        "/some/bundle.pem",
        None,
        "http://proxy.example:1",
    )
    assert (config.timeout, config.retries) == (7.0, 2)


def test_no_index_leaves_no_index(tmp_path: Path) -> None:
    """PIP_NO_INDEX takes every index away, as in pip."""
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_INDEX_URL": "https://a.example/s",
    }
    assert read_pip_config(env).indexes == ()


def test_directory_of_the_user_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A json.py in the current directory does not run when pip is asked."""
    (tmp_path / "json.py").write_text("raise SystemExit('json.py of the current directory was run')")
    monkeypatch.chdir(tmp_path)
    assert read_pip_config({"PATH": os.defpath, "PIP_INDEX_URL": "https://a.example/s"}).indexes


def test_python_on_the_path_is_asked_where_ours_has_no_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without pip beside us, python3 of the PATH is asked; without that, the error says so."""
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'pip'\" >&2\nexit 1\n")
    bare.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(bare)
    real = sys.executable
    monkeypatch.setattr(sys, "executable", str(bare))
    env = {"PATH": str(tmp_path / "bin"), "PIP_INDEX_URL": "https://a.example/s"}
    with pytest.raises(FetchError, match="no Python with pip was found"):
        read_pip_config(env)
    (tmp_path / "bin" / "python3").unlink()
    script = tmp_path / "bin" / "python3"
    script.write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    script.chmod(0o755)
    assert read_pip_config(env).indexes[0] == "https://a.example/s"


def test_pip_that_refuses_its_configuration_is_quoted(tmp_path: Path) -> None:
    """A broken pip.conf is an error sentence that quotes pip, and without a password."""
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nindex-url = https://me:secret@a.example/s\ntimeout = soon\n")
    env = {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(conf)}
    with pytest.raises(FetchError, match="does not tell how the package index is configured") as caught:
        read_pip_config(env)
    assert "secret" not in str(caught.value)


def test_quoted_pip_has_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip says about an address is quoted without its user and password."""
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'bad: https://me:secret@a.example/s' >&2\nexit 2\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    with pytest.raises(FetchError, match=r"bad: https://a\.example/s"):
        read_pip_config({"PATH": str(tmp_path)})


@pytest.mark.parametrize("form", ["html", "json"])
def test_file_is_found_on_page(server: Server, session: requests.Session, form: str) -> None:
    """HTML and JSON pages give address and hash; the project's name is normalised."""
    server.index("my-demo", FILES, form="json" if form == "json" else "html")
    found = find_file(session, config_of(server.simple), "My_Demo", "demo-1.0.tar.gz")
    assert found.url == f"{server.url}/files/demo-1.0.tar.gz"
    assert found.sha256 == FILES[0].sha256
    listed = {file.name: file for file in list_files(session, config_of(server.simple), "my.demo")}
    assert set(listed) == {file.name for file in FILES}
    assert listed["demo-1.0.tar.gz"].requires_python == ">=3.8"
    assert [file.name for file in listed.values() if file.yanked] == ["demo-1.1.tar.gz"]


def test_yanked_file_is_found_by_its_name(server: Server, session: requests.Session) -> None:
    """A yanked file that is named exactly is usable."""
    server.index("demo", FILES)
    assert find_file(session, config_of(server.simple), "demo", "demo-1.1.tar.gz").sha256 == FILES[1].sha256


def test_second_index_is_asked(server: Server, session: requests.Session) -> None:
    """An index that answers 404, fails, sends garbage or does not exist does not hide the next one."""
    server.index("demo", FILES)
    server.add("/garbage/demo/", b"\x00\xff{", "application/vnd.pypi.simple.v1+json")
    server.add("/future/demo/", b'{"meta": {"api-version": "2.0"}}', "application/vnd.pypi.simple.v1+json")
    server.add("/picture/demo/", b"PNG", "image/png")
    server.misbehave("/broken/demo/", Fault("status"))
    names = ("none", "garbage", "future", "picture", "broken")
    bad = (*(f"{server.url}/{name}" for name in names), "file:///nowhere/simple", "http://127.0.0.1:9/s")
    assert find_file(session, config_of(*bad, server.simple), "demo", "demo-1.0.tar.gz").sha256
    with pytest.raises(FetchError) as caught:
        find_file(session, config_of(*bad), "demo", "demo-1.0.tar.gz")
    text = str(caught.value)
    for words in (
        "HTTP 500",
        "damaged",
        "a format of the future",
        "'image/png'",
        "no connection",
        "/none/demo/",
    ):
        assert words in text
    assert "nowhere" not in text


def test_index_that_recovers_is_asked_again(server: Server, session: requests.Session) -> None:
    """Two 503 answers in a row are survived."""
    server.index("demo", FILES)
    server.misbehave("/simple/demo/", Fault("status", times=2, code=503))
    assert find_file(session, config_of(server.simple), "demo", "demo-1.0.tar.gz").sha256
    assert len(server.asked("/simple/demo/")) == 3


def test_redirect_is_followed_and_links_are_relative_to_its_end(
    server: Server, session: requests.Session
) -> None:
    """Links of a page are resolved against the address that answered, not the one that was asked."""
    server.index("demo", FILES)
    server.add("/deep/er/simple/demo/", html_page(FILES).encode(), "text/html")
    server.misbehave("/simple/demo/", Fault("redirect", location="/deep/er/simple/demo/"))
    found = find_file(session, config_of(server.simple), "demo", "demo-1.0.tar.gz")
    assert found.url == f"{server.url}/deep/er/files/demo-1.0.tar.gz"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://index.invalid/demo/", "which is not https"),
        ("file:///etc/passwd", "redirects to something that is not http"),
        ("/simple/demo/", "in circles"),
    ],
)
def test_redirect_to_unsafe_place_is_refused(
    server: Server, session: requests.Session, location: str, words: str
) -> None:
    """An index cannot send us to plain http, to a local file, or round in circles."""
    server.misbehave("/simple/demo/", Fault("redirect", location=location))
    with pytest.raises(FetchError, match=words):
        find_file(session, config_of(server.simple), "demo", "demo-1.0.tar.gz")


@pytest.mark.parametrize("place", ["file", "http"])
def test_page_cannot_link_to_our_disk_or_plain_http(
    server: Server, session: requests.Session, tmp_path: Path, place: str
) -> None:
    """A page from the network that links to a file address or to plain http is not believed."""
    (tmp_path / "demo-1.0.tar.gz").write_bytes(b"one")
    base = tmp_path.as_uri() if place == "file" else "http://other.invalid"
    server.index("demo", [Listed("demo-1.0.tar.gz", b"one", href=f"{base}/demo-1.0.tar.gz")])
    with pytest.raises(FetchError, match="was not found"):
        find_file(session, config_of(server.simple), "demo", "demo-1.0.tar.gz")


def test_plain_http_index_is_refused(session: requests.Session) -> None:
    """An index that is neither https nor on this machine is not asked."""
    with pytest.raises(FetchError, match="not https"):
        find_file(session, config_of("http://index.invalid/simple"), "demo", "demo-1.0.tar.gz")


def test_error_names_what_is_near(server: Server, session: requests.Session) -> None:
    """A missing file's error names project, file, index and the files that are there."""
    server.index("demo", FILES)
    with pytest.raises(FetchError) as caught:
        find_file(session, config_of(server.simple), "demo", "demo-1.2.tar.gz")
    assert str(caught.value) == (
        f"project demo has no file demo-1.2.tar.gz on {server.simple}/demo/; "
        "it has demo-1.1.tar.gz, demo-1.0.tar.gz"
    )
    assert caught.value.hint


def test_no_secret_in_any_message(server: Server, session: requests.Session) -> None:
    """User, password and query of an index address are in no error and in no repr."""
    secret = server.simple.replace("http://", "http://user:pa%40ss@")
    private = config_of(secret, f"{secret}?token=pa%40ss", "http://user:pa%40ss@127.0.0.1:9/simple")
    server.index("demo", FILES)
    with pytest.raises(FetchError) as caught:
        find_file(session, private, "demo", "demo-9.tar.gz")
    found = find_file(session, private, "demo", "demo-1.0.tar.gz")
    listed = list_files(session, private, "demo")
    for text in (str(caught.value), repr(caught.value), repr(private), repr(found), repr(listed)):
        assert "user" not in text
        assert "ss@" not in text
        assert "pa%40ss" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@h/simple/", "https://h/simple/"),
        ("https://u:p@q/r@h/simple", "https://h/simple"),
        ("asked https://t@h/a?sig=1#x, https://h/b", "asked https://h/a https://h/b"),
        ("https://h/plain", "https://h/plain"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    """Whatever stands between // and @, and after a question mark, is not shown."""
    assert redact(text) == shown


def test_credentials_reach_the_file(server: Server, session: requests.Session) -> None:
    """Links to the index's own host are fetched with the index's user and password, others without."""
    server.index(
        "demo",
        [
            Listed("demo-1.tar.gz", b"1", href=f"{server.url}/files/demo-1.tar.gz"),
            Listed("demo-2.tar.gz", b"2", href="https://elsewhere.example/demo-2.tar.gz"),
        ],
    )
    private = config_of(server.simple.replace("http://", "http://user:word@"))
    assert find_file(session, private, "demo", "demo-1.tar.gz").url.startswith("http://user:word@127")
    assert (
        find_file(session, private, "demo", "demo-2.tar.gz").url == "https://elsewhere.example/demo-2.tar.gz"
    )
    assert server.asked("/simple/demo/")[0].headers["Authorization"].startswith("Basic ")


def test_file_index_and_find_links(tmp_path: Path, session: requests.Session) -> None:
    """Index directories on disk, directories of files, single archives and local pages are all read."""
    (tmp_path / "simple/demo").mkdir(parents=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files/demo-1.0.tar.gz").write_bytes(b"one")
    (tmp_path / "simple/demo/index.html").write_text('<a href="#top">up</a>' + html_page(FILES))
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat/demo-2.0.tar.gz").write_bytes(b"two")
    (tmp_path / "flat/other-2.0.tar.gz").write_bytes(b"other")
    (tmp_path / "demo-3.0.zip").write_bytes(b"three")
    links = tuple((tmp_path / name).as_uri() for name in ("flat", "demo-3.0.zip", "missing"))
    config = config_of((tmp_path / "simple").as_uri(), "file:///nowhere/simple", find_links=links)
    found = find_file(session, config, "demo", "demo-1.0.tar.gz")
    assert found.url == (tmp_path / "files/demo-1.0.tar.gz").as_uri()
    assert found.sha256 == FILES[0].sha256
    # Files that the page lists but that are not there do not count; nor do other projects' files.
    names = [file.name for file in list_files(session, config, "demo")]
    assert sorted(names) == ["demo-1.0.tar.gz", "demo-2.0.tar.gz", "demo-3.0.zip"]


def test_disk_goes_before_network(tmp_path: Path, server: Server, session: requests.Session) -> None:
    """A file that lies in a find-links directory is used without asking any server."""
    server.index("demo", FILES)
    (tmp_path / "demo-1.0.tar.gz").write_bytes(b"one")
    config = config_of(server.simple, find_links=(tmp_path.as_uri(),))
    assert find_file(session, config, "demo", "demo-1.0.tar.gz").url.startswith("file:")
    assert server.seen == []


def test_wanted_hash_chooses_among_namesakes(
    tmp_path: Path, server: Server, session: requests.Session
) -> None:
    """A local file of the right name and other bytes does not hide the right one on an index."""
    server.index("demo", FILES)
    (tmp_path / "demo-1.0.tar.gz").write_bytes(b"rebuilt by somebody")
    config = config_of(server.simple, find_links=(tmp_path.as_uri(),))
    download = Download(file="demo-1.0.tar.gz", sha256=FILES[0].sha256, pypi="demo")
    ours = find_file(session, config, "demo", download.file, sha256=download.sha256)
    assert ours.url == f"{server.url}/files/demo-1.0.tar.gz"
    nobody = find_file(session, config, "demo", "demo-1.0.tar.gz", sha256="0" * 64)
    assert nobody.sha256 == hashlib.sha256(b"rebuilt by somebody").hexdigest()


def test_nothing_configured(session: requests.Session) -> None:
    """Where pip has no index and no directory, the error says that."""
    with pytest.raises(FetchError, match="without any index or directory") as caught:
        find_file(session, config_of(), "demo", "demo-1.0.tar.gz")
    assert caught.value.hint


def test_session_uses_pips_settings(
    server: Server, tmp_path: Path, no_proxy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy and certificate of pip's configuration win over variables; a missing certificate is named."""
    with pytest.raises(FetchError, match=r"missing\.pem as its cert"):
        open_session(PipConfig(cert=str(tmp_path / "missing.pem")))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.add("http://localhost:1/x", b"through the proxy")
    with open_session(PipConfig(proxy=server.url)) as session:
        assert session.get("http://localhost:1/x").content == b"through the proxy"
    assert server.seen[0].headers["User-Agent"].startswith("pybuild/")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/hosts")
    with open_session(PipConfig(cert=str(bundle))) as session:
        seen: list[object] = []
        monkeypatch.setattr(requests.Session, "send", lambda _self, _request, **kw: seen.append(kw["verify"]))
        session.get("https://index.invalid/")
    assert seen == [str(bundle)]
