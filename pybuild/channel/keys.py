"""The key index of a channel: one small text file that answers which packages there are, by name and key.

``<subdir>/.pybuild/index`` has a header of ``field value`` lines, an empty line, and one line for each
package: name, version, build, key, loose key and SHA-256, divided by tabs and sorted. A signed copy of it
has more header fields and the signature below the rows (:mod:`pybuild.channel.signed`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

FORMAT = "pybuild-channel 1"
FOLDER = ".pybuild"
FILE = "index"


class Row(NamedTuple):
    """One package of a channel.

    Attributes:
        sha256: of its file ``<name>-<version>-<build>.conda``.
    """

    name: str
    version: str
    build: str
    key: str
    loose_key: str
    sha256: str

    @property
    def stem(self) -> str:
        """Name of its file, without ``.conda``."""
        return f"{self.name}-{self.version}-{self.build}"


class Index(NamedTuple):
    """A key index, taken apart.

    Attributes:
        fields: of its header, in order.
        rows: sorted; of a file without the right header, none.
    """

    fields: dict[str, str]
    rows: tuple[Row, ...]

    def serial(self) -> int:
        """Return the number of a signed index, 0 where there is none."""
        text = self.fields.get("serial", "")
        return int(text) if text.isascii() and text.isdigit() else 0


def parse(data: bytes, names: Collection[str] | None = None) -> Index | None:
    """Return what an index says; None where it is none. A damaged line hides only its own package.

    Args:
        names: only rows of these packages; None for all.
    """
    header, _, body = data.partition(b"\n\n")
    lines = header.decode("utf-8", "replace").split("\n")
    if lines[0] != FORMAT:
        return None
    fields = dict(line.split(" ", 1) for line in lines[1:] if " " in line)
    wanted = None if names is None else {name.encode() for name in names}
    rows = []
    for line in body.split(b"\n"):
        # Lines of other names are the most, and are passed over undecoded.
        if line and (wanted is None or line[: line.find(b"\t")] in wanted):
            parts = line.decode("utf-8", "replace").split("\t")
            if len(parts) == len(Row._fields):
                rows.append(Row(*parts))
    return Index(fields, tuple(rows))


def parse_or_empty(data: bytes | None) -> Index:
    """Return what an index says; one without rows where there is none."""
    return parse(data or b"") or Index({}, ())


def render(rows: Iterable[Row], fields: dict[str, str]) -> bytes:
    """Return an index as text."""
    header = [FORMAT, *(f"{name} {value}" for name, value in fields.items()), "", ""]
    lines = ("\t".join(row) + "\n" for row in sorted(set(rows)))
    return ("\n".join(header) + "".join(lines)).encode()


def merged(rows: Iterable[Row], more: Iterable[Row]) -> tuple[Row, ...]:
    """Return rows with others added; one of the same file replaces what was there."""
    found = {row.stem: row for row in rows} | {row.stem: row for row in more}
    return tuple(sorted(found.values()))
