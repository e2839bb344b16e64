"""Check that a compressed table is written, searched through an index and read back."""

import os
import tempfile

import tables

ROWS = 10000


class Row(tables.IsDescription):  # type: ignore[misc]
    """One row: its number and the number's square."""

    number = tables.Int64Col()
    square = tables.Float64Col()


def check(codec: str) -> None:
    """Write, search and read one file whose table is compressed with ``codec``."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.h5")
        with tables.open_file(path, "w") as file:
            table = file.create_table("/", "rows", Row, filters=tables.Filters(complevel=5, complib=codec))
            table.append([(number, float(number) ** 2) for number in range(ROWS)])
            table.flush()
            table.cols.number.create_csindex()
        assert os.path.getsize(path) < ROWS * 16, f"{codec} did not compress"
        with tables.open_file(path) as file:
            found = file.root.rows.read_where("(number > 40) & (square < 44.5 ** 2)")["number"].tolist()
            assert found == [41, 42, 43, 44], f"{codec}: the search found {found}"


for name in ("zlib", "blosc", "blosc2"):
    assert tables.which_lib_version(name), f"built without {name}"
    check(name)
