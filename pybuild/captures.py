"""What the site's module tool makes of modules: asked once in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pybuild.model.modules import Capture, ModulePlan
    from pybuild.settings import Settings


def captured(modules: ModulePlan, settings: Settings) -> Capture:
    """Return what the site's module tool makes of ``modules``; each is run once in a run.

    Raises:
        ModuleToolError: a module or the tool is not what the site says.
    """
    if modules not in settings.captures:
        settings.captures[modules] = _capture(modules, settings)
    return settings.captures[modules]


def _capture(modules: ModulePlan, settings: Settings) -> Capture:
    if settings.recall and modules.tool != "none":
        from pybuild.modules.recall import recall

        return recall(modules, settings.places.cache, keep=settings.environ)
    from pybuild.modules.capture import capture

    return capture(modules, keep=settings.environ)
