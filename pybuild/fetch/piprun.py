"""pip as the resolver of index packages: run in the Python they are for, told to install nothing.

pip reads markers, tags, extras and metadata as the later installation will, because it is the same Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pybuild.errors import ChecksumError, FetchError, PlanError, PybuildError
from pybuild.fetch.addresses import redact
from pybuild.fetch.missing import NoWheelError, explained
from pybuild.fetch.pipconfig import PipConfig
from pybuild.process import Captured, capture

_OPTIONS = (
    "install", "--dry-run", "--only-binary", ":all:", "--no-input", "--no-user", "--no-color",
    "--disable-pip-version-check",
)  # fmt: skip

# An isolated Python heeds no PYTHONPATH, so the folder is added in it.
_PIP = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('pip', run_name='__main__')"

_NO_MATCH = re.compile(r"No matching distribution found for ([^\n;(]+)")
_NETWORK = (
    "ConnectionError",
    "Max retries exceeded",
    "NewConnectionError",
    "ReadTimeout",
    "HTTPError",
    "SSLError",
)


def dry_run(
    python: Path,
    requirements: Sequence[str],
    constraints: Sequence[str],
    *,
    config: PipConfig,
    environ: Mapping[str, str],
    folder: Path,
    shown: Path,
) -> dict[str, Any]:
    """Return pip's installation report of what it would install; it installs nothing.

    Args:
        python: the interpreter; its pip runs, and what it has counts as installed.
        requirements: PEP 508, markers included.
        constraints: ``name==version`` of what must not be anything else.
        config: where packages come from; nothing else of pip's configuration counts.
        folder: for the files that pip reads and writes.
        shown: a folder of ``.dist-info`` folders that count as installed as well.

    Raises:
        PlanError: requirements that cannot be met by wheels, or not together.
        ChecksumError: a file is not what the index says.
        FetchError: the index cannot be asked.
    """
    wanted, limits, report = (folder / name for name in ("wanted.txt", "limits.txt", "report.json"))
    wanted.write_text("".join(f"{line}\n" for line in requirements))
    limits.write_text("".join(f"{line}\n" for line in constraints))
    report.unlink(missing_ok=True)
    argv = [str(python), "-I", "-c", _PIP, str(shown), *_OPTIONS, "--report", str(report), "-r", str(wanted)]
    argv += ["-c", str(limits)] if constraints else []
    done = capture(argv, env=_environment(config, environ), cwd=str(folder), timeout=None)
    if done.code == 0 and report.exists():
        found: dict[str, Any] = json.loads(report.read_text())
        return found
    error = refusal(done)
    raise explained(error, config) if isinstance(error, NoWheelError) else error


def _environment(config: PipConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment with pip's settings made explicit; addresses may hold passwords,
    which no other user may see, so they are no arguments."""
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))
    }
    first, *more = config.indexes or ("",)
    settings = {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": first,
        "PIP_EXTRA_INDEX_URL": " ".join(more),
        "PIP_NO_INDEX": "" if config.indexes else "1",
        "PIP_FIND_LINKS": " ".join(config.find_links),
        "PIP_TRUSTED_HOST": " ".join(config.trusted_hosts),
        "PIP_CERT": config.cert or "",
        "PIP_CLIENT_CERT": config.client_cert or "",
        "PIP_PROXY": config.proxy or "",
        "PIP_TIMEOUT": f"{config.timeout:g}",
        "PIP_RETRIES": str(config.retries),
    }
    return {**kept, **{name: value for name, value in settings.items() if value}, "LC_ALL": "C.UTF-8"}


def refusal(done: Captured) -> PybuildError:
    """Return what pip's failure means for a stack."""
    text = redact(f"{done.out}\n{done.err}")  # why requirements conflict stands in the ordinary output
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if "DO NOT MATCH THE HASHES" in text:
        return ChecksumError(
            f"index: a file is not what the index says: {_mismatch(lines)}",
            hint="compare both with the publisher's page: the file was replaced, or changed on its way here",
        )
    if any(word in text for word in _NETWORK):
        return FetchError(
            f"index: it cannot be asked: {(errors or lines)[-1]}",
            hint="check that `python3 -m pip download` works here, then run this again",
        )
    missing = _NO_MATCH.search(text)
    if missing:
        name = re.split(r"[^A-Za-z0-9._-]", missing[1].strip())[0]
        return NoWheelError(
            f"index: no wheel of {missing[1].strip()} fits this Python and machine{_because(lines)}",
            project=name,
            hint=f"pybuild recipe new {name} drafts a recipe that builds it; then name it under recipes",
        )
    if "conflicting dependencies" in text:
        return PlanError(f"index: the requirements do not go together: {_conflict(lines)}",
                         hint="relax one of them in the stack file")  # fmt: skip
    last = (errors or lines or [f"exit code {done.code}"])[-1]
    return PlanError(f"index: pip refuses: {last}", hint="correct the requirement in the stack file")


def _because(lines: Sequence[str]) -> str:
    """Return who wants what is missing and which versions were seen, as pip tells it."""
    told = next((line for line in lines if "Could not find a version that satisfies" in line), "")
    wanted = re.search(r"\(from ([^)]+)\)", told)
    seen = re.search(r"\(from versions: ([^)]+)\)", told)
    by = wanted[1] if wanted and not wanted[1].startswith("versions") else ""
    by = by.partition("->")[2] or by
    parts = [f"needed by {by}" if by and not by.startswith("-r") else "", ""]
    if seen and seen[1] != "none":
        parts[1] = f"it has wheels of {seen[1]}"
    told = "; ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _conflict(lines: Sequence[str]) -> str:
    """Return the lines in which pip says who wants what."""
    start = next((n for n, line in enumerate(lines) if line.startswith("The conflict is caused by")), None)
    if start is None:
        return lines[-1]
    told = []
    for line in lines[start + 1 :]:
        if line.startswith(("To fix", "Additionally", "ERROR")):
            break
        told.append(line)
    return "; ".join(told)


def _mismatch(lines: Sequence[str]) -> str:
    named = [line for line in lines if line.startswith(("Expected sha256", "Got", "http", "file"))]
    about = next((line for line in lines if " from " in line and "ERROR" not in line), "")
    return " ".join([about.rstrip(":"), *(line for line in named if line != about)]).strip()
