"""What a module tells the wrappers to add to each compilation and link."""

from __future__ import annotations

from pybuild.model.pairs import Pairs

Effects = tuple[Pairs, Pairs, Pairs]
"""Variables to set, to prepend to, to append to."""


def product(name: str, include: str, link: str, static: str) -> Effects:
    """Return what makes the wrappers add something to each compilation and link."""
    word = name.upper().replace("-", "_").replace(".", "_").replace("+", "_")
    sets = (
        (f"{word}_INCLUDE_OPTS", include),
        (f"{word}_POST_LINK_OPTS", link),
        (f"{word}_STATIC_LINK_OPTS", static),
    )
    return tuple(pair for pair in sets if pair[1]), (), (("PE_PRODUCT_LIST", word),)


def linked(root: str, what: str, *, always: bool = False) -> str:
    """Return the options that link a shared library and find it again.

    Args:
        what: ``-lmpich``.
        always: link it also where nothing uses it, as Cray's hugepages do.
    """
    before, after = ("--no-as-needed", "") if always else ("--as-needed", " -Wl,--no-as-needed")
    return f"-L{root}/lib -Wl,--enable-new-dtags,-rpath,{root}/lib -Wl,{before} {what}{after}"
