"""A modulefile with which a prefix runs, for Environment Modules (from 3.2 on) or Lmod.

Module operations are done while loading only: whoever unloads the module keeps the programming environment.
Variables get back what they had before.
"""

from __future__ import annotations

from pybuild.errors import UsageError
from pybuild.plan.modulefile_lua import lua_lines
from pybuild.plan.modulefile_tcl import tcl_lines
from pybuild.plan.running import Running


def modulefile(running: Running, form: str) -> str:
    """Return the text of a modulefile.

    Args:
        form: ``tcl`` or ``lua``.

    Raises:
        UsageError: no such form.
    """
    if form not in ("tcl", "lua"):
        raise UsageError(
            f"there are no modulefiles of the form {form!r}", hint="--format tcl or --format lua"
        )
    return "\n".join([*(tcl_lines(running) if form == "tcl" else lua_lines(running)), ""])
