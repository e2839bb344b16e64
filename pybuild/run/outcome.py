"""What became of all builds of a run, in one sentence."""

from __future__ import annotations

from pybuild.errors import BuildError, ExitCode
from pybuild.model.run import Progress, RunRecord

_RESUME = "the same command goes on: what was built is in the channel"


class BuildsFailedError(BuildError):
    """Some builds of a run failed; the exit code is that of the first.

    Args:
        code: of the first failure.
    """

    def __init__(self, message: str, *, code: int, **more: object) -> None:
        super().__init__(message, **more)  # type: ignore[arg-type]
        self.code = ExitCode(code) if code in set(ExitCode) else ExitCode.BUILD


def demand_built(record: RunRecord) -> None:
    """Return if every build of a run is in the channel.

    Raises:
        BuildsFailedError: naming what failed and what was skipped because of it; of a failure that stands
            alone, it is the error itself.
        BuildError: nothing failed, and some builds were not done all the same.
    """
    failed = [build for build in record.builds if build.state in ("failed", "stopped")]
    skipped = [build for build in record.builds if build.state == "skipped"]
    if not failed and skipped:
        raise BuildError(f"not built: {', '.join(map(_named, skipped))}", hint=_RESUME)
    if not failed:
        return
    first = failed[0]
    if told_at_the_end(record, first):
        raise BuildsFailedError(
            first.message, code=first.code, hint=first.hint or None, log=first.log or None,
            tail=first.tail, reopen=first.reopen or None,
        )  # fmt: skip
    words = f"{len(failed)} of {len(record.builds)} builds failed: {', '.join(map(_named, failed))}"
    if skipped:
        rows = ", ".join(f"{build.name} (needs {build.because})" for build in skipped)
        words += f"; not built because of that: {rows}"
    raise BuildsFailedError(words, code=first.code, hint=_RESUME)


def told_at_the_end(record: RunRecord, failed: Progress) -> bool:
    """Return whether a failure is the only one and held nothing up: then it is the run's own error.

    Every other one is told as soon as it happens.
    """
    others = [build for build in record.builds if build.name != failed.name]
    return all(build.state in ("built", "found") and build.ended <= failed.ended for build in others)


def _named(build: Progress) -> str:
    return f"{build.name} {build.version}".rstrip()  # an installation has no version
