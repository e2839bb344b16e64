"""Locks of stacks: everything resolved to exact things, and the plan of a release made from them.

``make_lock`` is ``pybuild stack lock``; ``plan_release`` is what ``pybuild stack deploy`` begins with.
"""

from pybuild.locking.deployed import deployed_lock
from pybuild.locking.make import make_lock
from pybuild.locking.release import DriftError, demand_current, plan_release
from pybuild.locking.request import nowhere

__all__ = ["DriftError", "demand_current", "deployed_lock", "make_lock", "nowhere", "plan_release"]
