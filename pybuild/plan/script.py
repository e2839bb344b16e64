"""The plan as a bash script of ordinary commands that a person can run without pybuild."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from pybuild.model.plan import (
    ApplyPatch,
    BuildPlan,
    Download,
    Overlay,
    PackagePlan,
    Plan,
    Run,
    StageInterpreter,
    StageTree,
    StageWheel,
    Step,
    Unpack,
)  # fmt: skip
from pybuild.plan.environment import applied
from pybuild.plan.modules import variables_in
from pybuild.plan.script_modules import operations, shell_from_nothing
from pybuild.plan.templates import late

_PLAIN = re.compile(r"[A-Za-z0-9_./=:,+-]+")

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
        scripts: text of each test script, keyed ``<package>/<file>``, and of the modules of pybuild that they
            import, keyed ``<file>``.
    """
    head = _HEAD.format(
        specs=" ".join(" ".join(plan.specs).split()),
        prefix=shlex.quote(plan.prefix),
        venv=",\n# and a new prefix is a venv instead of a conda prefix" if plan.new_prefix else "",
    )
    parts = [head]
    first = next((p.build.modules for p in plan.packages if p.build and p.build.modules), None)
    if first is not None:
        clean = shell_from_nothing(first)
        parts = [head.replace("set -euo pipefail\n", f"set -euo pipefail\n{clean}", 1)]
    if any(package.action == "conda" and package.name == "python" for package in plan.packages):
        short = ".".join(plan.python.split(".")[:2])
        parts.append(f'python{short} -m venv "$PREFIX"')
    for package in plan.packages:
        if package.action != "keep" and package.build is not None:
            parts.append("\n".join(_package(package, package.build, addresses)))
    parts += [_file(name, text) for name, text in scripts.items() if "/" not in name]
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
    for is_run, steps in groupby(build.steps, lambda step: isinstance(step, Run)):
        if is_run and build.modules is not None:
            yield from _in_one_shell(steps, build, tokens, work)
            continue
        for step in steps:
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
        place = f'"{work}"/source' + (f"/{step.folder}" if step.folder else "")
        yield from _fetch(step.download, work, addresses)
        yield f"mkdir -p {place}"
        yield f"tar -xf {_path(step.download, work)} --strip-components=1 -C {place}"
    elif isinstance(step, ApplyPatch):
        end = "" if step.text.endswith("\n") else "\n"
        yield f"patch -p1 --batch -d \"{work}/source\" <<'PYBUILD_PATCH'\n{step.text}{end}PYBUILD_PATCH"
    elif isinstance(step, StageTree):
        yield f'mkdir -p "$PREFIX" && cp -a "{work}/dist$PREFIX/." "$PREFIX/"'
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
        yield from _run(step, build, tokens, work)


def _run(step: Run, build: BuildPlan, tokens: Mapping[str, str], work: str) -> Iterator[str]:
    """Yield one command in an environment of its own, made from nothing."""
    yield f'cd "{work}/source{"/" + step.folder if step.folder else ""}"'
    yield "env -i \\"
    yield f'  TMPDIR="{work}"/tmp \\'
    for name, value in _settings(build, {}).items():
        yield f"  {name}={_value(name, value, tokens, work)} \\"
    yield "  " + " ".join(_word(late(word, tokens)) for word in step.argv)
    yield "cd - >/dev/null"


def _in_one_shell(
    steps: Iterable[Step], build: BuildPlan, tokens: Mapping[str, str], work: str
) -> Iterator[str]:
    """Yield the modules and the commands in a shell of their own, so that no other package has them."""
    yield f'(\ncd "{work}/source"'
    if build.modules is not None:
        yield from operations(build.modules)
    settings = _settings(build, {"PATH": "\0PATH"})
    gone = [e.name for e in build.environment if e.kind == "unset" and e.name not in settings]
    if gone:
        yield f"unset {' '.join(gone)}"
    yield f'export TMPDIR="{work}"/tmp'
    for name, value in settings.items():
        yield f"export {name}={_value(name, value, tokens, work)}"
    for step in steps:
        if isinstance(step, Run):
            command = " ".join(_word(_late(word, tokens)) for word in step.argv)
            yield f"(cd {step.folder} && {command})" if step.folder else command
    yield ")"


def _settings(build: BuildPlan, base: Mapping[str, str]) -> dict[str, str]:
    return applied((edit for edit in build.environment if edit.why != "site keep_env"), base)


def _value(name: str, value: str, tokens: Mapping[str, str], work: str) -> str:
    return f'"{work}"/home' if name == "HOME" else _quoted(_late(value, tokens))


def _late(text: str, tokens: Mapping[str, str]) -> str:
    """Fill in late tokens; what the modules set is left to the shell."""
    return late(text, {**tokens, **{f"env.{name}": f"\0{{{name}}}" for name in variables_in(text)}})


def _checks(package: PackagePlan, scripts: Mapping[str, str]) -> Iterator[str]:
    lines = list(_check_lines(package, scripts))
    if not lines or package.run_modules is None:
        yield from lines
        return
    # Ranks may only be started where a job runs; the batch system says so by its variables.
    yield "(\nexport PATH PYTHONNOUSERSITE=1"
    yield from operations(package.run_modules)
    for edit in package.run_environment:
        if edit.kind == "unset":
            yield f"unset {edit.name}"
        else:
            yield f"export {edit.name}={_quoted(_late(edit.value, _tokens('$WORK')))}"
    yield from lines
    yield ")"


def _check_lines(package: PackagePlan, scripts: Mapping[str, str]) -> Iterator[str]:
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
            launcher = " ".join(_quoted(_late(word, tokens)) for word in check.launcher)
            settings = "".join(f"{name}={shlex.quote(value)} " for name, value in check.environment)
            yield _file(file, text)
            ranks = f'{settings}PYBUILD_RANKS={check.ranks} {launcher} "$PREFIX/bin/python" "$WORK/{file}"'
            if package.run_modules is None:
                yield ranks
            else:
                yield f'if [ -n "${{SLURM_JOB_ID:-}}${{PBS_JOBID:-}}" ]; then {ranks}'
                yield "else echo 'not proven by ranks: run this script inside a job for that' >&2; fi"


def _file(name: str, text: str) -> str:
    return f"cat > \"$WORK/{name}\" <<'PYBUILD_END'\n{text.rstrip()}\nPYBUILD_END"


def _fetch(download: Download, work: str, addresses: Mapping[str, str]) -> Iterator[str]:
    url = addresses.get(download.sha256) or download.url or ""
    if download.git and url in ("", download.git):
        repository = f'"{work}"/repository.git'
        yield f"git init --quiet --bare {repository}"
        yield f"git -C {repository} fetch --quiet --depth=1 {shlex.quote(url)} {download.commit}"
        archive = f"archive --format=tar --prefix=source/ --output={_path(download, work)}"
        yield f"git -C {repository} -c tar.umask=0022 {archive} {download.commit}"
        yield f'echo "{download.sha256}  "{_path(download, work)} | sha256sum --check --quiet'
        return
    yield f"fetch {shlex.quote(url)} {_path(download, work)} {download.sha256}"


def _path(download: Download, work: str) -> str:
    return f'"{work}"/{shlex.quote(download.file)}'


def _word(text: str) -> str:
    """Quote a word of a command where it needs it."""
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """Quote for bash, leaving only what :func:`_tokens` put in to be filled in."""
    for mark in ("\\", '"', "`", "$"):
        text = text.replace(mark, "\\" + mark)
    return '"' + text.replace("\0", "$") + '"'
