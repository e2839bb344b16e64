"""From pip's installation report to the wheels of a lock.

The report's form: pip documentation, Installation Report, version "1".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pybuild.errors import PlanError
from pybuild.model.stack import LockedWheel

Report = Mapping[str, Any]


def locked_wheels(
    report: Report, requirements: Sequence[str], supplied: Mapping[str, str]
) -> tuple[LockedWheel, ...]:
    """Return every wheel that pip would install, in alphabetical order.

    Args:
        requirements: what was asked of pip; their extras count.
        supplied: the package of conda or a recipe behind each distribution that was there before.

    Raises:
        PlanError: it is no wheel of the index, has no SHA-256, or takes the place of what is there.
    """
    items: dict[str, Report] = {canonicalize_name(i["metadata"]["name"]): i for i in report["install"]}
    environment = {name: str(value) for name, value in report["environment"].items()}
    extras = _extras(items, requirements, environment)
    return tuple(
        _wheel(name, item, _needs(item, environment, extras.get(name, ())), supplied)
        for name, item in sorted(items.items())
    )


def _extras(
    items: Mapping[str, Report], requirements: Sequence[str], environment: Mapping[str, str]
) -> dict[str, set[str]]:
    """Return the extras that somebody wants of each distribution."""
    found: dict[str, set[str]] = {}
    waiting = [one for text in requirements if _holds(one := Requirement(text), environment, ())]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        new = {canonicalize_name(extra) for extra in wanted.extras} - found.get(name, set())
        if name in items and (new or name not in found):
            found.setdefault(name, set()).update(new)
            waiting += _needs(items[name], environment, found[name])
    return found


def _needs(item: Report, environment: Mapping[str, str], extras: Collection[str]) -> tuple[Requirement, ...]:
    texts = item["metadata"].get("requires_dist", ())
    return tuple(one for text in texts if _holds(one := Requirement(text), environment, extras))


def _holds(requirement: Requirement, environment: Mapping[str, str], extras: Collection[str]) -> bool:
    """Return whether a requirement is one here, with some extra that is wanted or with none."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**environment, "extra": extra}) for extra in sorted({"", *extras})
    )


def _wheel(name: str, item: Report, needs: Sequence[Requirement], supplied: Mapping[str, str]) -> LockedWheel:
    info, metadata = item["download_info"], item["metadata"]
    file = _file(info["url"])
    sha256 = _sha256(info)
    if name in supplied:
        raise PlanError(
            f"index: {name} {metadata['version']} would take the place of what {supplied[name]} has",
            hint=f"demand a version of {name} that goes with it, in its own section",
        )
    if item.get("is_direct") or not file.endswith(".whl"):
        raise PlanError(f"index: {name} comes from an address, not from an index: {file}")
    if not sha256:
        raise PlanError(f"index: it tells no SHA-256 of {file}", hint="use an index that does")
    rows = {_row(need, supplied) for need in needs if canonicalize_name(need.name) != name}
    return LockedWheel(
        name=name, version=metadata["version"], file=file, sha256=sha256, requires=tuple(sorted(rows)),
        requested=bool(item.get("requested")),
    )  # fmt: skip


def _file(url: str) -> str:
    """Return the name of an address's file; a version's ``+`` is written ``%2B`` in it."""
    return re.split(r"[?#]", url)[0].rpartition("/")[2].replace("%2B", "+").replace("%2b", "+")


def _sha256(info: Report) -> str:
    archive = info.get("archive_info", {})
    found = archive.get("hashes", {}).get("sha256")
    kind, _, value = str(archive.get("hash", "")).partition("=")
    return str(found or (value if kind == "sha256" else ""))


def _row(need: Requirement, supplied: Mapping[str, str]) -> str:
    """Return a requirement by the name under which the release has it."""
    name = canonicalize_name(need.name)
    return f"{supplied.get(name, name)}{need.specifier}"
