"""Module operations as sites and recipes write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pybuild.model.modules import Operation


def operations_of(raw: Sequence[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Return module operations as a site or a recipe writes them: ``[{load: gcc}, …]``."""
    return tuple(_operation(*item) for one in raw for item in one.items())


def _operation(kind: Any, value: Any) -> Operation:
    if kind == "swap":
        return Operation(kind=kind, module=value["new"], old=value["old"])
    if kind == "choose":
        return Operation(kind=kind, module=value["module"], family=value["family"])
    return Operation(kind=kind, module=value)
