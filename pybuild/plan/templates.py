"""Fill in ``${{ mpi.cc }}``; late tokens such as ``${{ prefix }}`` stay for the executor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pybuild.errors import PlanError
from pybuild.model.plan import LATE

_TOKEN = re.compile(r"\$\{\{\s*([A-Za-z0-9_.\[\]-]+)\s*\}\}")


def fill(text: str, fields: Mapping[str, str], *, where: str) -> str:
    """Return ``text`` with every known field filled in, white space left by empty fields trimmed.

    Args:
        fields: value of each dotted name, for example ``{"mpi.cc": "/usr/bin/mpicc"}``.
        where: names the file and key for the error.

    Raises:
        PlanError: a name that is neither a field nor a late token.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in fields:
            return fields[name]
        if name in LATE or name.startswith("env."):
            return "${{ " + name + " }}"
        raise PlanError(
            f"{where}: nothing provides the field {name!r}",
            hint="known fields: " + ", ".join(sorted([*fields, *LATE])),
        )

    return _TOKEN.sub(value, text).strip()


def fill_all(texts: Iterable[str], fields: Mapping[str, str], *, where: str) -> tuple[str, ...]:
    """Return each text filled in as by :func:`fill`; texts that become empty are dropped."""
    return tuple(filled for text in texts if (filled := fill(text, fields, where=where)))


def late(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with late tokens replaced by ``values``; a token without a value stays."""
    return _TOKEN.sub(lambda match: values.get(match.group(1), match.group(0)), text)
