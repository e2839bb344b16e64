"""Facts about the ELF files of a tree, each file read once."""

from __future__ import annotations

from pybuild.verify import elf
from pybuild.verify.elf import ElfFacts
from pybuild.verify.tree import Tree


class Reader:
    """Reads ELF files by their final paths and remembers what they said."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._facts: dict[str, ElfFacts | None] = {}
        self._defines: dict[tuple[str, str], bool] = {}

    def facts(self, path: str) -> ElfFacts | None:
        """Return what the file at a final path says about itself, None where it is missing or not ELF.

        Raises:
            VerificationError: the file is a damaged ELF file.
        """
        disk = self.tree.disk(path)
        if disk is None:
            return None
        if disk not in self._facts:
            try:
                self._facts[disk] = elf.read_elf(disk)
            except OSError:  # a folder, or unreadable: the loader goes on to the next candidate
                self._facts[disk] = None
        return self._facts[disk]

    def defines(self, path: str, symbol: str) -> bool:
        """Return whether the ELF file at a final path holds the function ``symbol`` itself.

        Raises:
            VerificationError: the file is a damaged ELF file.
        """
        disk = self.tree.disk(path) or path
        if (disk, symbol) not in self._defines:
            self._defines[disk, symbol] = elf.defines(disk, symbol)
        return self._defines[disk, symbol]
