"""A site as text for people: everything that its file says, in the width of the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator

from pybuild.cli.text import paint
from pybuild.model.modules import Operation
from pybuild.model.providers import Provider, Target
from pybuild.model.rules import Rule, When
from pybuild.model.site import Modules, Site

Row = tuple[int, str, str]
"""Depth, label and text of a line; a row without text is a heading."""

_LABEL = 14
_TEMPLATE = re.compile(r"\$\{\{.*?\}\}")
_GLUE = "\0"  # stands for a blank at which no line is broken


def site_text(site: Site, width: int | None = None) -> str:
    """Return the whole record of a site, wrapped at ``width`` or at the terminal's."""
    room = max(50, min(width or _terminal_width(), 140))
    title = f"{site.name}: {site.summary}" + (" (abstract)" if site.abstract else "")
    lines = [paint(line, "bold") for line in _wrapped(title, room)]
    for heading, rows in _sections(site):
        shown = [line for row in rows for line in _lines(row, room)]
        if shown:
            lines += ["", paint(heading, "bold"), *shown] if heading else shown
    return "\n".join(lines)


def _terminal_width() -> int:
    """Return how wide the terminal is, also where a pager stands between it and us."""
    for stream in (1, 2, 0):
        with contextlib.suppress(OSError):
            return os.get_terminal_size(stream).columns
    return 100


def _lines(row: Row, room: int) -> list[str]:
    depth, label, text = row
    indent = "  " * depth
    if not text:
        first, *rest = _wrapped(label, room - len(indent) - 2)
        return [indent + first, *(f"{indent}  {more}" for more in rest)]
    width = max(_LABEL - len(indent), len(label) + 1)
    first, *rest = _wrapped(text, room - len(indent) - width)
    colour = "yellow" if label in ("recalled", "warning") else "dim"
    head = paint(label, colour) + " " * (width - len(label))
    return [indent + head + first, *(indent + " " * width + more for more in rest)]


def _wrapped(text: str, width: int) -> list[str]:
    """Return text in lines; a word that is longer than a line stays whole, and so does a template."""
    whole = _TEMPLATE.sub(lambda found: found[0].replace(" ", _GLUE), text)
    lines = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_GLUE, " ") for line in lines]


def _sections(site: Site) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "", _facts(site)
    yield "nodes", _nodes(site)
    yield "modules", _modules(site.modules)
    yield "targets", _targets(site.targets)
    for virtual in site.virtuals:
        yield virtual.name, _providers(virtual.providers)
    yield "rules", _rules(site.rules)
    yield "libraries that no package may bring in", _libraries(site)
    yield "python", _pythons(site)
    yield "launcher", _launcher(site)
    yield "failures", _failures(site)
    yield "file systems", _file_systems(site)


def _facts(site: Site) -> Iterator[Row]:
    detect = [f"{name}={value}" for name, value in site.detect.env]
    detect += [f"host name {site.detect.hostname}"] if site.detect.hostname else []
    detect += [f"{path} is there" for path in site.detect.files]
    yield from _given(
        1,
        ("page", site.documentation),
        ("file", site.file + (f", extends {site.extends}" if site.extends else "")),
        ("known by", " and ".join(detect) or _undetected(site)),
        ("kept", " ".join(site.keep_env)),
        ("path", ":".join(site.path)),
        ("channels", " ".join(site.channels)),
        ("verify", site.verify),
    )
    if site.share is not None:
        yield 1, "share", f"{site.share.root}, modes {site.share.mode}"
        yield from _origin(2, site.share)


def _undetected(site: Site) -> str:
    """Return how one comes to a site that no machine shows signs of."""
    taken = "what no other site knows, or " if site.name == "generic" else ""
    return f"{taken}its name only: --site"


def _nodes(site: Site) -> Iterator[Row]:
    for node in site.nodes:
        parts = [f"host name {node.hostname}"] if node.hostname else []
        parts += [f"{name} is set" for name in node.variables]
        limit = dict(node.jobs)
        most = [f"builds use {limit['most']} processes at the most: {limit['reason']}"] if limit else []
        yield 1, node.kind, "; ".join([*parts, *most])
        yield from _origin(2, node)


def _modules(modules: Modules) -> Iterator[Row]:
    yield from _given(
        1,
        ("tool", modules.tool),
        ("init", " ".join(modules.init)),
        ("folders", " ".join(modules.folders)),
        ("sets", _pairs(modules.env)),
        ("baseline", " ".join(modules.baseline)),
        ("neutral", " ".join(modules.neutral)),
    )
    for name, patterns in modules.families:
        yield 1, "family", f"{name}: {' '.join(patterns)}"
    yield from _origin(1, modules)


def _targets(targets: Iterable[Target]) -> Iterator[Row]:
    for index, target in enumerate(targets):
        yield 1, target.name + (" (default)" if index == 0 else "") + f": {target.summary}", ""
        yield from _done(target.modules)
        yield from _given(
            2,
            ("fields", "  ".join(f"{virtual}.{field}={value}" for virtual, field, value in target.fields)),
            ("sets", _pairs(target.env)),
        )
        yield from _origin(2, target)


def _providers(providers: Iterable[Provider]) -> Iterator[Row]:
    for index, provider in enumerate(providers):
        how = {
            "path": "programs in the site's path",
            "shell": "programs on your PATH",
            "prefix": "programs of the prefix",
            "recipe": "a recipe of ours",
        }
        first = " (first)" if index == 0 else ""
        yield 1, provider.name + first + (f": {how[provider.where]}" if provider.where in how else ""), ""
        yield from _given(2, ("recipe", provider.recipe or ""))
        yield from _done(provider.modules)
        yield from _given(
            2,
            ("programs", "  ".join(f"{field}: {', '.join(names)}" for field, names in provider.programs)),
            ("fields", _pairs(provider.fields)),
            ("sets", _pairs(provider.env)),
            ("identity", provider.identity),
        )
        yield from _origin(2, provider)


def _rules(rules: Iterable[Rule]) -> Iterator[Row]:
    for rule in rules:
        yield 1, rule.name, ""
        yield 2, "when", _condition(rule.when) + f"; for {' and '.join(rule.at)}"
        yield from _done(rule.modules)
        yield from _given(
            2,
            ("sets", _pairs(rule.env)),
            ("unsets", " ".join(rule.unset)),
            ("forbids", " ".join(rule.forbid)),
            ("why", rule.reason),
            ("since", rule.since),
            ("review", f"after {rule.review_after}" if rule.review_after else ""),
        )
        yield from _origin(2, rule)


def _condition(when: When) -> str:
    parts = [f"{key} {value}" for key in ("virtual", "recipe", "target") if (value := getattr(when, key))]
    parts += [f"{virtual} is {provider}" for virtual, provider in when.provider]
    parts += [f"Python {when.python}"] if when.python else []
    return " and ".join(parts) or "always"


def _libraries(site: Site) -> Iterator[Row]:
    for library in site.libraries:
        yield 1, library.name, library.reason + (f" (rule {library.rule})" if library.rule else "")
        yield from _origin(2, library)


def _pythons(site: Site) -> Iterator[Row]:
    for module in site.python_modules:
        yield 1, f"{module.module}: Python {module.python}", ""
        yield from _given(2, ("warning", module.warning))
        yield from _origin(2, module)
    for refused in site.python_refused:
        yield 1, f"{refused.path}: refused", ""
        yield from _given(2, ("why", refused.reason))
        yield from _origin(2, refused)
    for variable in site.python_variables:
        yield 1, f"{variable.name}: {variable.action}", ""
        yield from _given(2, ("why", variable.reason))
        yield from _origin(2, variable)


def _launcher(site: Site) -> Iterator[Row]:
    launcher = site.launcher
    if launcher is None:
        return
    yield from _given(
        1,
        ("ranks", _words(launcher.ranks)),
        ("ask", _words(launcher.ask)),
        ("submit", _words(launcher.submit)),
        ("job begins", "; ".join(launcher.directives)),
        ("inside", f"{launcher.inside} is set" if launcher.inside else ""),
        ("sets", _pairs(launcher.env)),
        ("if too few", _pairs(launcher.oversubscribe)),
    )
    yield from _origin(1, launcher)


def _failures(site: Site) -> Iterator[Row]:
    for failure in site.failures:
        yield 1, f"/{failure.pattern}/" + (f" on {failure.node} nodes" if failure.node else ""), ""
        yield from _given(2, ("means", failure.means), ("cure", failure.cure))
        yield from _origin(2, failure)


def _file_systems(site: Site) -> Iterator[Row]:
    for system in site.file_systems:
        yield 1, f"{system.path}: {system.use}", ""
        yield 2, "nodes", f"login {system.login}, compute {system.compute}"
        yield from _origin(2, system)


def _done(operations: Iterable[Operation]) -> Iterator[Row]:
    texts = {
        "swap": "swap {o.old} {o.module}",
        "choose": "choose {o.module} (family {o.family})",
    }
    words = [texts.get(one.kind, "{o.kind} {o.module}").format(o=one) for one in operations]
    yield from _given(2, ("modules", ", ".join(words)))


def _given(depth: int, *rows: tuple[str, str]) -> Iterator[Row]:
    yield from ((depth, label, text) for label, text in rows if text)


def _origin(depth: int, thing: object) -> Iterator[Row]:
    """Yield where a part is known from, and what of it is only remembered."""
    yield from _given(
        depth, ("source", getattr(thing, "source", "")), ("recalled", getattr(thing, "recalled", ""))
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "  ".join(f"{name}={value}" for name, value in pairs)


def _words(words: Iterable[str]) -> str:
    return " ".join(word if "${{" in word else shlex.quote(word) for word in words)
