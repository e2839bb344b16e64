"""Commands on sites: ``site list|show|detect|lint|probe``."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict

from pybuild.cli.settings import places_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import DocumentError


def site_list(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List all sites with a line on each; a file that is wrong is listed too."""
    from pybuild.load.document import load_document
    from pybuild.load.sites import demand_site, site_files

    rows = []
    places = places_of(arguments, environ)
    if arguments.site:
        demand_site(arguments.site, places)
    for name, path in site_files(places.sites).items():
        try:
            data: Mapping[str, object] = load_document(path).data
        except DocumentError:
            data = {"summary": "cannot be read; pybuild site lint says why"}
        abstract = data.get("abstract") is True
        rows.append(
            {"name": name, "summary": str(data.get("summary", "")), "abstract": abstract, "file": path}
        )
    if arguments.json:
        put(json.dumps(rows, indent=1))
        return 0
    shown = [
        (str(row["name"]), ("(abstract) " if row["abstract"] else "") + str(row["summary"])) for row in rows
    ]
    for line in columns(shown):
        put(line)
    return 0


def site_show(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show everything that is known about a site, also about one that is only there to be extended."""
    from pybuild.cli.site_text import site_text
    from pybuild.load.sites import choose_site, named_site

    places = places_of(arguments, environ)
    name = arguments.name or arguments.site or places.site
    site = named_site(name, places) if name else choose_site(None, places, environ)
    put(json.dumps(asdict(site), indent=1) if arguments.json else site_text(site))
    return 0


def site_detect(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Say which site this machine is, by what, and which other sites came near."""
    from pybuild.load.detect import clues
    from pybuild.load.node import node_kind
    from pybuild.load.sites import choose_site, load_site, site_files

    places, hostname = places_of(arguments, environ), platform.node()
    files = site_files(places.sites)
    site = choose_site(arguments.site, places, environ)
    known = {
        other.name: clues(other.detect, environ, hostname)
        for other in (load_site(path, files) for path in files.values())
        if not other.abstract
    }
    node = node_kind(site, environ, hostname)
    if arguments.json:
        told = {name: [asdict(clue) for clue in found] for name, found in known.items()}
        put(json.dumps({"site": site.name, "node": node, "clues": told}, indent=1))
        return 0
    put(site.name)
    asked = arguments.site or places.site
    why = f"it was asked for, by {'--site' if arguments.site else 'PYBUILD_SITE or the configuration file'}"
    found = [f"{clue.key}: {clue.text}" for clue in known[site.name]]
    rows = [("why", row) for row in ([why] if asked else found or ["no other site knows this machine"])]
    rows.append(("node", node or "the site does not tell its nodes apart, or this is none of them"))
    rows += [
        ("not", f"{name}: {clue.text}")
        for name, row in known.items()
        for clue in row
        if name != site.name and not clue.holds
    ]
    for line in columns(rows, indent="  "):
        put(line)
    return 0


def site_lint(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check sites; errors end with code 3, warnings and recalled facts do not."""
    from pybuild.load.lint import lint_site, site_warnings
    from pybuild.load.recipes import RecipeTree
    from pybuild.load.site_parts import recalled
    from pybuild.load.sites import load_site, named_site, site_files

    places = places_of(arguments, environ)
    files, recipes = site_files(places.sites), RecipeTree(places.recipes).names()
    errors: list[str] = []
    warnings: list[str] = []
    remembered: dict[str, int] = {}
    names = tuple(arguments.names) or tuple(files)
    for name in names:
        try:
            site = load_site(files[name], files) if name in files else named_site(name, places)
        except DocumentError as error:
            errors += error.problems
            continue
        errors += lint_site(site)
        warnings += site_warnings(site, today=_today(), recipes=recipes)
        remembered[name] = len(recalled(site))
    errors, warnings = list(dict.fromkeys(errors)), list(dict.fromkeys(warnings))
    if arguments.json:
        put(json.dumps({"errors": errors, "warnings": warnings, "recalled": remembered}, indent=1))
    for told in () if arguments.json else (*errors, *warnings):
        put(told)
    _sum_up(names, errors, warnings, remembered)
    return int(DocumentError.code) if errors else 0


def _sum_up(
    names: tuple[str, ...], errors: list[str], warnings: list[str], remembered: Mapping[str, int]
) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in remembered.items() if count)
    if counts:
        say(f"{paint('note:', 'cyan')} recalled, not documented: {counts} (pybuild site show NAME says what)")
    many = len(warnings)
    warned = f"{many or 'no'} warning{'' if many == 1 else 's'}"
    word = f"{len(names)} site{'' if len(names) == 1 else 's'}"
    if not errors:
        say(f"{paint('done:', 'green')} {word}, no error, {warned}")


def site_probe(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the draft of a site file for this machine, as it is in this shell."""
    from pybuild.load.draft import draft

    name, text = draft(environ, platform.node(), arguments.name, today=_today())
    put(json.dumps({"name": name, "text": text}, indent=1) if arguments.json else text.rstrip())
    say(f"{paint('hint:', 'cyan')} save it as {name}.yaml, go through every comment, then")
    say(f"      pybuild site lint {name} --sites DIR")
    return 0


def _today() -> str:
    import datetime as dt

    return dt.datetime.now(dt.timezone.utc).date().isoformat()
