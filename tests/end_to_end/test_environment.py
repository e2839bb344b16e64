"""What the user has set, loaded or activated changes neither the key nor the build."""

from __future__ import annotations

from tests.end_to_end.project import ROOT, Project

MARK = "from-the-users-shell"
POLLUTED = {
    "PYTHONPATH": f"{ROOT}:/{MARK}/lib",
    "PYTHONSTARTUP": f"/{MARK}/startup.py",
    "CFLAGS": f"-D{MARK} -O0",
    "CPPFLAGS": f"-I/{MARK}",
    "LDFLAGS": f"-L/{MARK}",
    "CC": f"/{MARK}/cc",
    "MPICC": f"/{MARK}/mpicc",
    "LD_LIBRARY_PATH": f"/{MARK}/lib",
    "LIBRARY_PATH": f"/{MARK}/lib",
    "CPATH": f"/{MARK}/include",
    "CONDA_PREFIX": f"/{MARK}",
    "VIRTUAL_ENV": f"/{MARK}",
    "PIP_TARGET": f"/{MARK}",
    "PIP_CONSTRAINT": "",
    "PIP_NO_BINARY": ":all:",
    "MAKEFLAGS": f"-j99 X={MARK}",
    "DISTUTILS_DEBUG": "1",
    "SETUPTOOLS_USE_DISTUTILS": "stdlib",
    "SOURCE_DATE_EPOCH": "1",
    "LANG": "tr_TR.UTF-8",
    "LC_ALL": "tr_TR.UTF-8",
    "TZ": "Asia/Kathmandu",
    "XDG_CACHE_HOME": f"/tmp/{MARK}",
    "LOADEDMODULES": MARK,
    "_LMFILES_": f"/{MARK}",
    "MPICH_CC": f"/{MARK}/cc",
    "OMPI_CC": f"/{MARK}/cc",
}


def _keys(project: Project, **environ: str) -> dict[str, str]:
    plan = project.run("plan", "toyext", "--rebuild", "--json", environ=environ).done().data
    return {package["name"]: package["key"] for package in plan["packages"]}


def test_key_stays(project: Project) -> None:
    """Neither all of them together nor a part of them changes any package's key."""
    names = list(POLLUTED)
    plain = _keys(project)
    for part in (names, names[::2], names[1::3]):
        assert _keys(project, **{name: POLLUTED[name] for name in part}) == plain


def test_build_stays(bare: Project) -> None:
    """A build in a polluted shell gives the same key and sees nothing of the shell."""
    (bare.home / ".pydistutils.cfg").write_text(f"[build_ext]\ndefine={MARK}\n")
    keys = _keys(bare)
    polluted = {name: value for name, value in POLLUTED.items() if name != "PIP_TARGET"}

    bare.install("toyext==2.0", environ=polluted).done()

    assert bare.note("toyext")["key"] == keys["toyext"]
    share = bare.prefix / "share/pybuild"
    logs = [path.read_text() for path in share.glob("*/build.log")]
    assert len(logs) == len(keys)
    assert [text for text in logs if MARK in text] == []
    assert [path for path in share.glob("*/record.json") if MARK in path.read_text()] == []
