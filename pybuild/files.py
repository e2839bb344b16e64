"""Files that change in one step: whoever reads them sees the old one or the new one.

Imported wherever notes are read, so it imports nothing that is slow to load.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def replace_file(
    path: str | Path, content: str | bytes, *, mode: int | None = None, safe: bool = False
) -> None:
    """Put a file with this content in the place of the one that is there, if there is one.

    Args:
        path: in a folder that exists and may be written to.
        content: text is written as UTF-8.
        mode: of a file that was not there, None for what the umask leaves; another one keeps its own.
        safe: return only when the content is on the disk itself.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
    if os.path.exists(path):
        mode = os.stat(path).st_mode & 0o7777
    try:
        with open(beside, "xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            if safe:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.lexists(beside):
            os.unlink(beside)
        raise
