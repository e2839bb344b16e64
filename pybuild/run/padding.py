"""The padding of the paths that builds link against, which nobody wants to read."""

from __future__ import annotations

import re


def shortened(text: str) -> str:
    """Return a text without the padding of host prefixes' paths."""
    return re.sub(r"(_placeholder){3,}\w*", "_placeholder…", text)
