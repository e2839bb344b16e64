"""Bring one package to a verification level and say which it reached."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from pybuild import process
from pybuild.errors import VerificationError
from pybuild.model.plan import PackagePlan, PlannedCheck
from pybuild.plan.templates import late
from pybuild.verify.families import find_users
from pybuild.verify.imported import check_imported
from pybuild.verify.levels import reaches
from pybuild.verify.linked import LinkReport, LinkRules, check_linked
from pybuild.verify.provider import linked_library
from pybuild.verify.ranked import PLAIN, Setting, check_ranked
from pybuild.verify.tree import Tree

TIMEOUT = 300.0
"""Seconds that two ranks get; a launcher that cannot start them waits for ever."""

Proof = dict[str, object]
"""One entry of a package's record: level, when, where and what was seen."""


class Outcome(NamedTuple):
    """How far a package came: what was proven stays proven, even if the next check failed."""

    level: str
    proofs: tuple[Proof, ...]
    failure: VerificationError | None


def link_check(
    tree: Tree,
    files: Sequence[str],
    package: PackagePlan,
    *,
    environment: Mapping[str, str] | None = None,
    forbidden: tuple[str, ...] = (),
) -> LinkReport:
    """Check how files will be linked, without running anything.

    Args:
        tree: the prefix as it will be.
        files: the package's files, relative to the prefix.
        environment: of the site's modules, in which its wrappers work and whose LD_LIBRARY_PATH will hold at
            run time; None where the site has none.
        forbidden: folders that no search path may name.

    Raises:
        VerificationError: naming every fault.
    """
    interpreter = tree.final("bin/python")
    rules = LinkRules(
        interpreter=interpreter if tree.disk(interpreter) else None,
        expected=tuple(
            (check.soname, library)
            for check in package.checks
            if check.soname and (library := _library(check, check.soname, tree, environment)) is not None
        ),
        users=find_users(tree) if any(check.soname for check in package.checks) else (),
        forbidden=forbidden,
        absent=package.absent,
        library_path=_library_path(environment),
        **({"refused": package.refused} if package.refused else {}),
    )
    return check_linked(tree, files, package.checks, rules=rules).demand()


def _library(
    check: PlannedCheck, soname: str, tree: Tree, environment: Mapping[str, str] | None
) -> str | None:
    """Return the one file that the check's extension must link, None where nobody can say."""
    tokens = {"prefix": tree.prefix, **{f"env.{name}": v for name, v in (environment or {}).items()}}
    if check.library:
        return late(check.library, tokens)
    wrapper = [late(word, tokens) for word in check.wrapper]
    plain = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return linked_library(check.virtual, wrapper, soname, tree, environment or plain)


def _library_path(environment: Mapping[str, str] | None) -> tuple[str, ...]:
    value = (environment or {}).get("LD_LIBRARY_PATH", "")
    return tuple(part for part in value.split(":") if part)


def prove(
    prefix: Path,
    package: PackagePlan,
    files: Sequence[str],
    wanted: str,
    environment: Mapping[str, str],
    *,
    setting: Setting = PLAIN,
) -> Outcome:
    """Run the checks of an installed package up to ``wanted``; return how far it came.

    Args:
        files: the package's files, relative to the prefix.
        environment: whole environment of the checks.
        setting: where this runs, and what the site knows about it.

    A level for which a package has no checks counts as reached with the one before it, so a
    package without ranks checks can reach ``ranked`` only through the packages that use it.
    """
    level, proofs = "built", [_proof("built", {"files": len(files)}, setting)]
    try:
        if reaches(wanted, "linked"):
            loaded = environment if package.run_modules is not None else None
            report = link_check(Tree(str(prefix), (str(prefix),)), files, package, environment=loaded)
            seen = {"libraries": [asdict(library) for library in report.libraries]}
            level, proofs = "linked", [*proofs, _proof("linked", seen, setting)]
        for step in ("imported", "ranked"):
            checks = [check for check in package.checks if check.level == step]
            if reaches(wanted, step) and checks:
                if step == "imported":
                    all_seen = [_imported(check, prefix, environment) for check in checks]
                else:
                    all_seen = [_ranked(check, prefix, environment, setting) for check in checks]
                level, proofs = step, [*proofs, *(_proof(step, seen, setting) for seen in all_seen)]
    except VerificationError as error:
        return Outcome(level, tuple(proofs), error)
    return Outcome(level, tuple(proofs), None)


def _imported(check: PlannedCheck, prefix: Path, environment: Mapping[str, str]) -> dict[str, object]:
    python = str(prefix / "bin/python")
    if check.imports:
        check_imported(python, check.imports, environment)
        return {"imports": list(check.imports)}
    tokens = {"prefix": str(prefix), "python": python}
    argv = [late(word, tokens) for word in check.command]
    if check.script is not None:
        argv = [python, "-s", "-B", late(check.script, tokens), *argv]
    inside = prefix / "bin" / argv[0]
    if inside.exists():
        argv[0] = str(inside)
    answer = process.capture(argv, env=environment, timeout=TIMEOUT)
    if answer.code != 0:
        last = (answer.err or answer.out).strip().splitlines()[-1:] or ["no output"]
        raise VerificationError(f"check {check.name!r}: {' '.join(argv)} ended with {answer.code}: {last[0]}")
    return {"command": argv}


def _ranked(
    check: PlannedCheck, prefix: Path, environment: Mapping[str, str], setting: Setting
) -> dict[str, object]:
    python = str(prefix / "bin/python")
    report = check_ranked(check, python, str(prefix), environment, TIMEOUT, setting=setting)
    return asdict(report)


def _proof(level: str, seen: Mapping[str, object], setting: Setting) -> Proof:
    nodes = seen.get("nodes")  # a launcher on a login node starts its ranks elsewhere
    return {
        "level": level,
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "where": ", ".join(nodes) if isinstance(nodes, tuple) and nodes else platform.node(),
        "job": setting.job,
        "seen": dict(seen),
    }
