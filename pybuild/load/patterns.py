"""The regular expressions of a site, tried out before anything relies on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.model.site import Site


def broken_patterns(site: Site) -> Iterator[tuple[KeyPath, str]]:
    """Yield the key of each regular expression that is none, and what is wrong with it."""
    for path, text in _patterns(site):
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            reason = str(error).split("\n", 1)[0]
            yield path, f'found "{text}", expected a regular expression: {reason}'


def _patterns(site: Site) -> Iterator[tuple[KeyPath, str]]:
    yield ("detect", "hostname"), site.detect.hostname
    for node in site.nodes:
        yield ("nodes", node.kind, "hostname"), node.hostname
    for index, failure in enumerate(site.failures):
        yield ("failures", index, "pattern"), failure.pattern
