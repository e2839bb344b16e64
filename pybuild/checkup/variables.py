"""Variables of the shell that bring a Python from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.checkup.state import Shell
from pybuild.model.finding import Finding
from pybuild.plan.foreign_variables import foreign


def foreign_variables(shell: Shell, prefix: str) -> Iterator[Finding]:
    """Yield each variable that the site refuses (wrong), warns of or clears (note) and that is set.

    Args:
        prefix: the prefix that is looked at, ``""`` for none; that it is activated itself is no matter.
    """
    for variable, value, cure in foreign(shell.site, shell.environ, prefix):
        refused = variable.action == "refuse"
        yield Finding(
            check="foreign-variables", level="wrong" if refused else "note",
            what=f"{variable.name} is set to {value}"
            + (f", and site {shell.site.name} installs nothing in such a shell" if refused else ""),
            why=f"{variable.reason} (site {shell.site.name})", cure=cure,
        )  # fmt: skip
