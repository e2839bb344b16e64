"""What is no longer as a lock says, in words: the site, then each recipe and why its key is another."""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.model.stack import Lock, LockedRecipe
from pybuild.plan.stack_difference import difference

_VALUES = {"file": "the site's file", "compiler": "the compiler", "target": "the target", "name": "the site"}


def drift(lock: Lock, now: Lock) -> tuple[str, ...]:
    """Return a sentence for each thing that is different, the site's first; none where a release can be made.

    Texts of recipes alone do not count: they change with every version that is added, and whatever they
    change of a build changes its key.

    Args:
        now: what the same lock comes to today.
    """
    causes = [*_site(lock, now), *_base(lock, now)]
    return (*causes, *_recipes(lock, now, explained=bool(causes)))


def new_texts(lock: Lock, now: Lock) -> tuple[str, ...]:
    """Return the names of recipes whose text is another while their packages are the same."""
    before = {one.name: one for one in lock.recipes}
    return tuple(
        one.name
        for one in now.recipes
        if (was := before.get(one.name)) and was.key == one.key and was.digest != one.digest
    )


def _site(lock: Lock, now: Lock) -> Iterator[str]:
    for row in difference(lock, now):
        if row.section != "site":
            continue
        name = _VALUES.get(row.name, row.name)
        if row.name == "file":
            yield f"{name} ({now.site.name}) has changed"
        elif row.kind == "add":
            yield f"{name} {row.now} is new"
        elif row.kind == "remove":
            yield f"{name} {row.was} is gone"
        else:
            yield f"{name} was {row.was} and is now {row.now}"


def _base(lock: Lock, now: Lock) -> Iterator[str]:
    if lock.subdir != now.subdir:
        yield f"the platform was {lock.subdir} and is now {now.subdir}"
    if lock.python != now.python:
        yield f"Python was {lock.python} and is now {now.python}"
    elif lock.interpreter != now.interpreter:
        yield f"the machine's Python {lock.python} is another one than it was, or lies elsewhere"


def _recipes(lock: Lock, now: Lock, *, explained: bool) -> Iterator[str]:
    before, after = {one.name: one for one in lock.recipes}, {one.name: one for one in now.recipes}
    for name in sorted(before.keys() | after.keys()):
        was, one = before.get(name), after.get(name)
        if was is None:
            yield f"{name} is needed as well"
        elif one is None:
            yield f"{name} is needed no longer"
        elif was.key != one.key:
            yield from _key(was, one, explained)


def _key(was: LockedRecipe, now: LockedRecipe, explained: bool) -> Iterator[str]:
    own = list(_own(was, now))
    if own:
        yield f"{was.name} would be built differently: {', '.join(own)}"
    elif explained:
        yield f"{was.name} would be built differently"
    else:
        yield (
            f"{was.name} would be built differently (key {now.key}, was {was.key}), "
            "because of another pybuild, or of another package beside it"
        )


def _own(was: LockedRecipe, now: LockedRecipe) -> Iterator[str]:
    if was.version != now.version:
        yield f"version {now.version} instead of {was.version}"
    if was.options != now.options:
        yield f"options {', '.join(now.options) or 'none'} instead of {', '.join(was.options) or 'none'}"
    before, after = dict(was.sources), dict(now.sources)
    for file in sorted(before.keys() | after.keys()):
        if file not in after:
            yield f"without {file}"
        elif file not in before:
            yield f"with {file}"
        elif before[file] != after[file]:
            yield f"{file} has another SHA-256 ({after[file][:12]}…, was {before[file][:12]}…)"
    if was.digest != now.digest:
        yield "its recipe has changed"
