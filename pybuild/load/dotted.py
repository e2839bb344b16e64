"""Key paths as people write them."""

from __future__ import annotations

from pybuild.load.document import KeyPath


def dotted(path: KeyPath) -> str:
    """Return a key path as text: ``overrides[0].when``, ``versions."4.1.2".sha256``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = f'"{part}"' if "." in part else part
            text += f".{name}" if text else name
    return text
