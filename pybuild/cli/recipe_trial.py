"""One run of ``pybuild recipe test``: a recipe and a Python, through the ordinary installation."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild import __version__
from pybuild.cli.text import explain
from pybuild.errors import PlanError, PybuildError
from pybuild.model.proofs import ProofRow
from pybuild.model.providers import base_of
from pybuild.model.request import Request
from pybuild.plan.specs import parse_spec

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.model.recipe import Recipe
    from pybuild.workflow import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one run builds.

    Attributes:
        python: version of the prefix's Python, None for the newest that fits.
        version: of the recipe, None for the newest that fits.
        target, providers: as for ``Request``.
        box: whether the site is imitated.
    """

    name: str
    python: str | None = None
    options: tuple[str, ...] = ()
    version: str | None = None
    target: str | None = None
    providers: tuple[tuple[str, str], ...] = ()
    box: bool = False

    def spec(self) -> str:
        """Return it as a user would ask for it."""
        options = f"[{','.join(self.options)}]" if self.options else ""
        return f"{self.name}{options}" + (f"=={self.version}" if self.version else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run.

    Attributes:
        version, python: what was chosen, ``""`` if no plan could be made.
        level: that was reached, ``""`` where the run failed.
        code: exit code of the failure, 0 for none.
        failure: the error as it is printed.
        prefix: the prefix if it was kept.
    """

    name: str
    version: str
    options: tuple[str, ...]
    python: str
    site: str
    box: bool
    providers: tuple[tuple[str, str], ...]
    level: str
    seconds: float
    code: int = 0
    failure: str = ""
    prefix: str = ""

    def row(self) -> ProofRow:
        """Return what is recorded of it: today, on this machine, by this pybuild."""
        return ProofRow(
            version=self.version, options=self.options, python=self.python, site=self.site, box=self.box,
            providers=self.providers, level=self.level, date=time.strftime("%Y-%m-%d", time.gmtime()),
            machine=machine_name(_os_release()), pybuild=__version__,
        )  # fmt: skip


def run_trial(trial: Trial, folder: str, settings: Settings, *, keep: bool = False) -> Result:
    """Build and verify a recipe in a new prefix below ``folder``; the prefix stays only if that fails.

    Args:
        keep: keep the prefix in any case.

    Raises:
        OSError: there is no room or no permission for a prefix.
    """
    from pybuild.workflow import prepare

    os.makedirs(folder, exist_ok=True)
    work = tempfile.mkdtemp(prefix=f"{trial.name}-", dir=folder)
    prefix = os.path.join(work, "prefix")
    request = Request(
        specs=(parse_spec(trial.spec()),), prefix=prefix, python=trial.python, rebuild=True,
        target=trial.target, providers=trial.providers,
    )  # fmt: skip
    started = time.monotonic()
    made: Plan | None = None
    level, error = "", None
    try:
        made = prepare(request, settings)
        level = _proven(made, trial.name, settings)
    except PybuildError as failure:
        error = failure
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    kept = (keep or error is not None) and os.path.isdir(prefix)
    if not kept:
        shutil.rmtree(work, ignore_errors=True)
    package = next((p for p in made.packages if p.name == trial.name), None) if made else None
    return Result(
        name=trial.name,
        version=package.version if package else trial.version or "",
        options=package.options if package else trial.options,
        python=made.python if made else trial.python or "",
        site=settings.site or "",
        box=trial.box,
        providers=providers_of(package) if package else (),
        level=level,
        seconds=round(time.monotonic() - started, 1),
        code=int(error.code) if error else 0,
        failure=explain(error).rstrip() if error else "",
        prefix=prefix if kept else "",
    )


def run_installed(recipe: Recipe, prefix: str, settings: Settings) -> Result:
    """Verify what a prefix has of a recipe as far as it goes, without building it again.

    Raises:
        PrefixError: it is not there, or not ours.
        PlanError: it was built with another recipe than this one.
    """
    from pybuild.commit import locked
    from pybuild.prefix.evidence import installed
    from pybuild.prefix.state import read_state
    from pybuild.verification import verify

    started = time.monotonic()
    note, package = installed(Path(prefix), recipe.name)
    if not same_recipe(recipe, package.recipe_text):
        raise PlanError(
            f"{prefix}: {recipe.name} was built with another recipe than {recipe.directory}/recipe.yaml",
            hint=f"pybuild recipe test {recipe.name} builds it with this one",
        )
    level, error = "", None
    try:
        with locked(Path(prefix), settings):
            ((_, level),) = verify(Path(prefix), (recipe.name,), None, settings)
    except PybuildError as failure:
        error = failure
    return Result(
        name=recipe.name, version=package.version, options=package.options,
        python=read_state(prefix).python or "", site=str(note["site"]), box=False,
        providers=providers_of(package), level="" if error else level,
        seconds=round(time.monotonic() - started, 1), code=int(error.code) if error else 0,
        failure=explain(error).rstrip() if error else "", prefix=prefix,
    )  # fmt: skip


def same_recipe(recipe: Recipe, text: str) -> bool:
    """Return whether a recipe's text says the same as a recipe: comments and the mark unproven aside."""
    from dataclasses import replace

    from pybuild.load.document import parse_document
    from pybuild.load.recipe_record import recipe_of

    other = recipe_of(parse_document(os.path.join(recipe.directory, "recipe.yaml"), text))
    return replace(other, text="", unproven=False) == replace(recipe, text="", unproven=False)


def _proven(made: Plan, name: str, settings: Settings) -> str:
    """Carry out a plan, verify as far as its site demands, and return the level that ``name`` reached."""
    from pybuild.commit import locked
    from pybuild.verification import verify
    from pybuild.workflow import carry_out

    carry_out(made, settings)
    prefix = Path(made.prefix)
    with locked(prefix, settings):
        return dict(verify(prefix, made.to_prove(), made.verify, settings))[name]


def providers_of(package: PackagePlan) -> tuple[tuple[str, str], ...]:
    """Return what stands behind each virtual of a package, short enough for a table and without paths."""
    names = {field: value for field, value, _giver in package.fields}
    return tuple(
        # A site that says nothing of a provider's identity has it made of the fields, which are mostly paths.
        (virtual, names.get(f"{base_of(virtual)}.name", "?") if "=" in identity else shortened(identity))
        for virtual, identity in package.identity
    )


def shortened(identity: str) -> str:
    """Return a provider's identity without the folders of its paths, hashes and build strings."""
    text = identity.partition("; ")[0].partition("\n")[0]
    text = re.sub(r"(?<![\w.-])/(?:[^\s/:;,]+/)*([^\s/:;,]*)", r"\1", text)
    words = [word for word in text.split() if not re.search(r"(?:^|[_:])h?[0-9a-f]{12,}", word)]
    return " ".join(words)[:80] or "?"


def machine_name(release: Mapping[str, str]) -> str:
    """Return operating system and processor, from the fields of os-release."""
    return f"{release.get('PRETTY_NAME') or platform.system()}, {platform.machine()}"


def _os_release() -> Mapping[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
