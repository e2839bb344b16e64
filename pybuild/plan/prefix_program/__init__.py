"""The program that makes an environment and takes it back: bash, started by the scripts of a prefix.

It is a child of the user's shell and does everything to itself first: module operations, variables, scripts
of other packages. Then it prints what became different, as statements of the user's shell. So a shell needs
no ``module`` command, csh and fish get what only bash could do, and what was there before is known exactly.

What is remembered stands in exported variables, because a shell that is started from an activated one may be
the one that deactivates. ``__PYBUILD_LEVEL`` is how many lie upon each other; of level n there are

=========================  =====================================================================
``__PYBUILD_n_WHO``        ``own:`` or ``conda:`` and the prefix
``__PYBUILD_n_NAMES``      variables that it changed; ``__PYBUILD_n_SET`` those not by modules alone
``__PYBUILD_n_B_NAME``     value before, where it was exported
``__PYBUILD_n_M_NAME``     value when modules had changed it, and something else was about to
``__PYBUILD_n_D_NAME``     value afterwards, of variables that hold lists
``__PYBUILD_n_L_NAME``     value before where it was not exported, known to that shell alone
``__PYBUILD_n_U_NAME``     fish: there was no global variable, but perhaps a universal one
=========================  =====================================================================

csh cannot hand a path with a quote in it to a command in backquotes; ``__PYBUILD_COMMAND`` holds the command.
Names inside begin with ``__pb_``: modules set variables of any other name. Written for bash 4.0 and later;
started with ``-p``, so that neither ``BASH_ENV`` nor exported options and functions change it.
"""

from __future__ import annotations

from pybuild.plan.prefix_program.main import MAIN
from pybuild.plan.prefix_program.pop import POP
from pybuild.plan.prefix_program.push import PUSH
from pybuild.plan.prefix_program.statements import STATEMENTS
from pybuild.plan.prefix_program.tool import MODULES

PROGRAM = STATEMENTS + MODULES + PUSH + POP + MAIN
"""Everything but the data of a prefix, which stands before it."""
