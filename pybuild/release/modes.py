"""Symbolic modes as a stack file has them, turned into the mode that a path shall have."""

from __future__ import annotations

_SHIFT = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "X": 1}


def mode_of(text: str, *, folder: bool, executable: bool) -> int:
    """Return the permission bits that a path shall have.

    Args:
        text: clauses such as ``u=rwX,g=rX,o=`` (``load.stack_checks`` lets nothing else pass); a class that
            it leaves out gets nothing, so the mode is the same whatever the path had.
        executable: whether anybody may execute the file: ``X`` means only these, and folders.
    """
    mode = 0
    for clause in text.split(","):
        classes, _, letters = clause.partition("=")
        bits = sum(_BITS[letter] for letter in {*letters} if letter != "X" or folder or executable)
        for name in classes:
            mode = mode & ~(7 << _SHIFT[name]) | bits << _SHIFT[name]
    return mode
