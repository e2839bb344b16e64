"""Why pip found no wheel: no such project, sources alone, wheels for others, or an index that is silent."""

from __future__ import annotations

from pybuild.errors import FetchError, PlanError, PybuildError
from pybuild.fetch.pipconfig import PipConfig

_SHOWN = 3


class NoWheelError(PlanError):
    """No wheel fits a requirement.

    Args:
        project: the index project.
    """

    def __init__(self, message: str, *, project: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.project = project


def explained(error: NoWheelError, config: PipConfig) -> PybuildError:
    """Return the error with what the index has of the project; pip itself passes over silent indexes."""
    from pybuild.fetch.index import look_for
    from pybuild.fetch.session import open_session

    session = open_session(config)
    try:
        files, troubles = look_for(session, config, error.project)
    finally:
        session.close()
    if troubles and not files:
        return FetchError(
            f"index: it cannot be asked for {error.project}: {'; '.join(troubles)}",
            hint="try again, or check index, proxy and certificate with `python3 -m pip config debug`",
        )
    wheels = [file.name for file in files if file.name.endswith(".whl")]
    if not files:
        told = f"the index has no project {error.project}"
        return NoWheelError(
            f"{error.message}: {told}", project=error.project, hint=f"pybuild search {error.project}"
        )
    if not wheels:
        told = f"the index has only sources of it, such as {files[-1].name}"
    else:
        told = f"the index has {', '.join(wheels[-_SHOWN:])}"
    return NoWheelError(f"{error.message}: {told}", project=error.project, hint=error.hint)
