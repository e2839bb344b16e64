"""load/places.py: where things are is decided by command line, environment, configuration, defaults."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from pybuild.errors import DocumentError, UsageError
from pybuild.load import places as module
from pybuild.load.places import find_places, shipped


def configure(tmp_path: Path, text: str) -> dict[str, str]:
    folder = tmp_path / "config" / "pybuild"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(text)
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.mark.parametrize("value", [None, "", "  ", "/scratch/user"])
def test_defaults_are_those_of_platformdirs(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cache, channel and configuration are where platformdirs would put them."""
    monkeypatch.setenv("HOME", "/home/somebody")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYBUILD")}
    places = find_places(environ)
    assert places.cache == platformdirs.user_cache_dir("pybuild")
    assert places.channel == os.path.join(platformdirs.user_data_dir("pybuild"), "channel")
    assert module._xdg(environ, "XDG_CONFIG_HOME", ".config") == platformdirs.user_config_dir("pybuild")
    assert (places.site, places.jobs) == (None, None)


def test_one_stat_without_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no configuration file, it is looked for once and not opened."""
    looked: list[str] = []
    real = os.path.exists

    def counting(path: str) -> bool:
        looked.append(path)
        return real(path)

    monkeypatch.setattr(os.path, "exists", counting)
    monkeypatch.setattr(module, "load_document", None)
    find_places({"HOME": str(tmp_path)})
    assert looked == [str(tmp_path / ".config" / "pybuild" / "config.yaml")]


def test_order_of_directories(tmp_path: Path) -> None:
    """Command line first, then the configuration file, relative to itself, then what comes with pybuild."""
    environ = configure(tmp_path, "recipes: [mine, ~/ours, /abs]\nsites: [sites]\n")
    places = find_places(environ, recipes=["/cli"], sites=["/cli-sites"])
    base = str(tmp_path / "config" / "pybuild")
    expected = ("/cli", f"{base}/mine", f"{tmp_path}/ours", "/abs", shipped("recipes"))
    assert places.recipes == expected
    assert places.sites == ("/cli-sites", f"{base}/sites", shipped("sitecfg"))


def test_variables_win_over_configuration(tmp_path: Path) -> None:
    """PYBUILD_CACHE, PYBUILD_CHANNEL and PYBUILD_SITE win; empty ones say nothing."""
    environ = configure(tmp_path, "cache: /a\nchannel: ~/b\nsite: c\njobs: '3'\n")
    places = find_places(environ)
    assert (places.cache, places.channel, places.site, places.jobs) == ("/a", f"{tmp_path}/b", "c", 3)
    said = {"PYBUILD_CACHE": "/x", "PYBUILD_CHANNEL": "/y", "PYBUILD_SITE": "z"}
    places = find_places({**environ, **said})
    assert (places.cache, places.channel, places.site) == ("/x", "/y", "z")
    assert find_places({**environ, **dict.fromkeys(said, "")}).cache == "/a"


def test_shared_channels_mirror_and_switch(tmp_path: Path) -> None:
    """Of the file, relative to it; variables win, and a switch takes both values and no others."""
    text = "shared: [ours, /theirs]\nsigners: signers\nmirror: m\noffline: true\n"
    environ = configure(tmp_path, text)
    base = str(tmp_path / "config" / "pybuild")
    places = find_places(environ)
    assert [(one.path, one.signers) for one in places.shared] == [
        (f"{base}/ours", f"{base}/signers"), ("/theirs", f"{base}/signers"),
    ]  # fmt: skip
    assert (places.mirror, places.offline) == (f"{base}/m", True)
    said = {"PYBUILD_SHARED_CHANNEL": "/a:/b:/a", "PYBUILD_MIRROR": "/n", "PYBUILD_OFFLINE": "no"}
    places = find_places({**environ, **said})
    assert [one.path for one in places.shared] == ["/a", "/b"]
    assert (places.mirror, places.offline) == ("/n", False)
    with pytest.raises(UsageError, match="PYBUILD_OFFLINE: found 'maybe', expected 1 or 0"):
        find_places({"PYBUILD_OFFLINE": "maybe", "HOME": str(tmp_path)})


def test_named_configuration(tmp_path: Path) -> None:
    """PYBUILD_CONFIG names the file, and must name one that exists."""
    path = tmp_path / "other.yaml"
    path.write_text("cache: here\n")
    assert find_places({"PYBUILD_CONFIG": str(path)}).cache == str(tmp_path / "here")
    with pytest.raises(UsageError, match="there is no file"):
        find_places({"PYBUILD_CONFIG": str(tmp_path / "none.yaml")})


def test_wrong_configuration(tmp_path: Path) -> None:
    """A wrong configuration file is a document error with its line."""
    with pytest.raises(DocumentError, match=r"config.yaml:1: chanel: unknown key; did you mean \"channel\""):
        find_places(configure(tmp_path, "chanel: /x\n"))


def test_shipped_directories_exist() -> None:
    """The recipes and sites that come with pybuild are found in a checkout."""
    assert os.path.isfile(os.path.join(shipped("recipes"), "mpi4py", "recipe.yaml"))
    assert os.path.isfile(os.path.join(shipped("sitecfg"), "generic.yaml"))


def test_shipped_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package's own data wins over a folder beside the package."""
    (tmp_path / "site" / "pybuild" / "data" / "recipes").mkdir(parents=True)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "site" / "pybuild" / "load" / "places.py"))
    assert shipped("recipes") == str(tmp_path / "site" / "pybuild" / "data" / "recipes")
    assert shipped("sitecfg") == str(tmp_path / "site" / "sitecfg")


@pytest.mark.parametrize("text", ["", "\n", "# site: hill\n# jobs: '4'\n", "---\n"])
def test_a_configuration_file_may_hold_nothing(tmp_path: Path, text: str) -> None:
    """Every key may be missing, so all of them may be comments."""
    environ = configure(tmp_path, text)
    assert find_places(environ).recipes == (shipped("recipes"),)


@pytest.mark.parametrize("text", ["sit: hill\n", "[1]\n", "a: [\n"])
def test_the_hint_of_a_bad_configuration_file_is_its_own(tmp_path: Path, text: str) -> None:
    """No command checks this file alone; the page on it and the way past it are named."""
    with pytest.raises(DocumentError) as caught:
        find_places(configure(tmp_path, text))
    assert "docs/configuration.md" in str(caught.value.hint)
    assert "PYBUILD_CONFIG" in str(caught.value.hint)
