"""The plan as a bash script of ordinary commands that a person can run without pybuild."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from pybuild.model.plan import (
    BuildPlan,
    Download,
    Edit,
    Overlay,
    PackagePlan,
    Plan,
    Run,
    StageInterpreter,
    StageWheel,
    Step,
    Unpack,
)  # fmt: skip
from pybuild.plan.environment import applied
from pybuild.plan.templates import late

_HEAD = """\
#!/bin/bash
# Made by pybuild for: {specs}
# It needs bash, python3, tar, sha256sum and what the plan names; it does not need pybuild.
# Unlike pybuild it installs with pip: conda will not know these packages{venv}.
set -euo pipefail
PREFIX={prefix}
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
JOBS="$(getconf _NPROCESSORS_ONLN)"

# fetch URL FILE SHA256
fetch() {{
  if command -v curl >/dev/null; then curl -fsSL -o "$2" "$1"
  else python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
  fi
  echo "$3  $2" | sha256sum --check --quiet
}}
"""


def render_script(plan: Plan, addresses: Mapping[str, str], scripts: Mapping[str, str]) -> str:
    """Return the script.

    Args:
        addresses: URL of each download by its sha256.
        scripts: text of each test script, keyed ``<package>/<file>``.
    """
    head = _HEAD.format(
        specs=" ".join(" ".join(plan.specs).split()),
        prefix=shlex.quote(plan.prefix),
        venv=",\n# and a new prefix is a venv instead of a conda prefix" if plan.new_prefix else "",
    )
    parts = [head]
    if any(package.action == "conda" and package.name == "python" for package in plan.packages):
        short = ".".join(plan.python.split(".")[:2])
        parts.append(f'python{short} -m venv "$PREFIX"')
    for package in plan.packages:
        if package.action != "keep" and package.build is not None:
            parts.append("\n".join(_package(package, package.build, addresses)))
    for package in plan.packages:
        if package.action != "keep":
            parts += _checks(package, scripts)
    return "\n".join(parts)


def _package(package: PackagePlan, build: BuildPlan, addresses: Mapping[str, str]) -> Iterator[str]:
    yield f"\n### {package.name} {package.version}"
    for line in (line for why in package.why for line in why.splitlines()):
        yield f"# {line}"
    work = f"$WORK/{package.name}"
    yield f'mkdir -p "{work}"/{{source,overlay,dist,home,tmp}}'
    tokens = _tokens(work)
    for step in build.steps:
        yield from _step(step, build, tokens, work, addresses)


def _tokens(work: str) -> dict[str, str]:
    """Return what the late tokens are in the script, for :func:`_quoted`: NUL stands for its own ``$``."""
    place, prefix = work.replace("$WORK", "\0{WORK}"), "\0{PREFIX}"
    return {
        "prefix": prefix, "host": prefix, "staging": prefix, "python": f"{prefix}/bin/python",
        "source": f"{place}/source", "overlay": f"{place}/overlay", "dist": f"{place}/dist",
        "jobs": "\0{JOBS}",
    }  # fmt: skip


def _step(
    step: Step, build: BuildPlan, tokens: Mapping[str, str], work: str, addresses: Mapping[str, str]
) -> Iterator[str]:
    pip = '"$PREFIX/bin/python" -m pip install --quiet --no-deps --no-index --no-cache-dir'
    if isinstance(step, StageInterpreter):
        yield f'{shlex.quote(step.interpreter)} -m venv "$PREFIX"'
    elif isinstance(step, Unpack):
        yield from _fetch(step.download, work, addresses)
        yield f'tar -xf {_path(step.download, work)} --strip-components=1 -C "{work}/source"'
    elif isinstance(step, Overlay):
        for download in step.downloads:
            yield from _fetch(download, work, addresses)
        files = " ".join(_path(download, work) for download in step.downloads)
        if files:
            yield f'{pip} --target "{work}/overlay" {files}'
    elif isinstance(step, StageWheel):
        if step.download is not None:
            yield from _fetch(step.download, work, addresses)
        wheel = _path(step.download, work) if step.download else f'"{work}"/dist/*.whl'
        yield f"{pip} --force-reinstall {wheel}"
    else:
        yield from _run(step, build.environment, tokens, work)


def _run(step: Run, edits: tuple[Edit, ...], tokens: Mapping[str, str], work: str) -> Iterator[str]:
    yield f'cd "{work}/source"'
    yield "env -i \\"
    yield f'  TMPDIR="{work}"/tmp \\'
    for name, value in applied((edit for edit in edits if edit.why != "site keep_env"), {}).items():
        if name == "HOME":
            yield f'  HOME="{work}"/home \\'
        else:
            yield f"  {name}={_quoted(late(value, tokens))} \\"
    yield "  " + " ".join(_quoted(late(word, tokens)) for word in step.argv)
    yield "cd - >/dev/null"


def _checks(package: PackagePlan, scripts: Mapping[str, str]) -> Iterator[str]:
    for check in package.checks:
        if check.imports:
            code = "; ".join(f"import {name}" for name in check.imports)
            yield f'MPI4PY_RC_INITIALIZE=0 "$PREFIX/bin/python" -c {shlex.quote(code)}'
        elif check.ranks and check.script:
            file = check.script.rsplit("/", 1)[-1]
            text = scripts.get(f"{package.name}/{file}")
            if text is None:
                continue
            tokens = {**_tokens("$WORK"), "ranks": str(check.ranks)}
            launcher = " ".join(_quoted(late(word, tokens)) for word in check.launcher)
            settings = "".join(f"{name}={shlex.quote(value)} " for name, value in check.environment)
            yield f"cat > \"$WORK/{file}\" <<'PYBUILD_END'\n{text.rstrip()}\nPYBUILD_END"
            yield f'{settings}PYBUILD_RANKS={check.ranks} {launcher} "$PREFIX/bin/python" "$WORK/{file}"'


def _fetch(download: Download, work: str, addresses: Mapping[str, str]) -> Iterator[str]:
    url = addresses.get(download.sha256) or download.url or ""
    yield f"fetch {shlex.quote(url)} {_path(download, work)} {download.sha256}"


def _path(download: Download, work: str) -> str:
    return f'"{work}"/{shlex.quote(download.file)}'


def _quoted(text: str) -> str:
    """Quote for bash, leaving only what :func:`_tokens` put in to be filled in."""
    for mark in ("\\", '"', "`", "$"):
        text = text.replace(mark, "\\" + mark)
    return '"' + text.replace("\0", "$") + '"'
