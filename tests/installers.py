"""Installers that behave as Miniconda's and Miniforge's do: shell scripts that carry what they install.

The real ones cannot be downloaded everywhere, and are large. What is the same: ``-b -p PREFIX`` ask nothing,
an existing prefix is refused with exit code 1, the name must end in ``.sh``, the script reads its payload
from its own end, and the final path is written into what it installs (conda/constructor, header.sh).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from pybuild.model.stack import Installer

OLD = "/old/place"
"""The path in texts of the payload that the installer replaces by its own prefix."""

HEADER = r"""#!/bin/sh
echo "PREFIX=${0}"
case $0 in *.sh) ;; *) echo "Please run using bash, with a name that ends in .sh" >&2; exit 1 ;; esac
BATCH=0 UPDATE=0 PREFIX=$HOME/miniconda3
while getopts "bfhup:" option; do
  case $option in
    b) BATCH=1 ;;
    u) UPDATE=1 ;;
    p) PREFIX=$OPTARG ;;
    *) echo "usage: $0 [-b] [-u] [-p PREFIX]"; exit 2 ;;
  esac
done
[ "$BATCH" = 1 ] || { echo "please answer yes or no" >&2; exit 1; }
if [ "$UPDATE" = 0 ] && [ -e "$PREFIX" ]; then
  echo "ERROR: File or directory already exists: '$PREFIX'" >&2
  exit 1
fi
mkdir -p "$PREFIX/conda-meta" || exit 1
env > "$HOME/env"; cp "$HOME/env" "$PREFIX/env-of-the-installer"
BEFORE
sed '1,/^PAYLOAD$/d' "$0" | tar -C "$PREFIX" -xf - || exit 1
grep -rlI OLD "$PREFIX" 2>/dev/null | while read -r file; do sed -i "s@OLD@$PREFIX@g" "$file"; done
touch "$PREFIX/conda-meta/history"
AFTER
echo "installation finished."
exit 0
PAYLOAD
"""

PYTHON = f'#!/bin/sh\n# {OLD}/bin\nexec python3 "$@"\n'


def installer(
    path: Path, *, before: str = ":", after: str = ":", tree: Path | None = None, old: str = OLD
) -> Installer:
    """Write an installer and return it with its hash.

    Args:
        before, after: lines of shell that it runs before it unpacks and at its end.
        tree: a prefix that it carries instead of one whose Python is a script.
        old: the path at which that prefix lay.
    """
    payload = io.BytesIO()
    with tarfile.open(fileobj=payload, mode="w") as archive:
        if tree is not None:
            archive.add(tree, ".")
        else:
            member = tarfile.TarInfo("bin/python")
            member.mode, member.size = 0o755, len(PYTHON)
            archive.addfile(member, io.BytesIO(PYTHON.encode()))
    header = HEADER.replace("BEFORE", before).replace("AFTER", after).replace("OLD", old)
    body = header.encode() + payload.getvalue()
    path.write_bytes(body)
    return Installer(file=str(path), sha256=hashlib.sha256(body).hexdigest())
