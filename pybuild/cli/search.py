"""``pybuild search``: recipes first, then the site's conda channels, then the package index."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, dataclass

from pybuild.cli.settings import places_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import PlanError, PybuildError, UsageError
from pybuild.load.catalog import Catalog, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pybuild.load.places import Places
    from pybuild.model.offer import Offer

_SHOWN_VERSIONS = 5
_SHOWN_RECIPES = 20
# So many recipes take a second or more to read for the first time, and that is worth a word.
_MANY = 500
_PROJECT = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found for one name.

    Attributes:
        query: as it was compared: lower case, hyphens.
        recipes: that of exactly this name first, then those that mention it.
        near: names of recipes that may have been meant, where no recipe mentions the name.
        more: how many recipes were left out because nobody reads so many lines.
        notes: who could not be asked, and why.
        advice: one line for each name found.
    """

    query: str
    recipes: tuple[Entry, ...]
    near: tuple[str, ...]
    more: int = 0
    offers: tuple[Offer, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[tuple[str, str], ...] = ()


def search(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what there is under a name and what to do about it.

    Raises:
        PlanError: nothing has the name, or anything like it.
    """
    places = places_of(arguments, environ)
    catalog = Catalog(places.recipes, places.cache, _reading)
    answer = _in_recipes(arguments.name, catalog, None if arguments.json else _SHOWN_RECIPES)
    if not arguments.json:
        _put_recipes(answer)  # at once: what follows may have to wait for others
    answer = _elsewhere(answer, catalog, places, arguments, environ)
    if arguments.json:
        put(json.dumps(_data(answer), indent=1))
    else:
        _put_offers(answer)
    if answer.recipes or answer.offers:
        return 0
    raise _nothing(arguments.name, answer)


def _reading(number: int) -> None:
    if number >= _MANY:
        say(f"reading {number} recipes for the first time")


def _in_recipes(asked: str, catalog: Catalog, limit: int | None) -> Answer:
    """Return the recipes that have ``asked`` in their name, or each of its words in name or summary."""
    from pybuild.lookup.advice import advice_on_recipe

    words = asked.lower().split()
    if not words:
        raise UsageError("NAME is empty", hint="pybuild recipe list shows every recipe")
    query = re.sub("[-_.]+", "-", "-".join(words))
    names = set(catalog.mentioning(query))
    if words != [query]:
        names |= set.intersection(*(set(catalog.mentioning(word)) for word in words))
    found = sorted(names, key=lambda n: (n != query, not n.startswith(query), query not in n, n))
    near: list[str] = []
    if not found:
        from pybuild.load.near import near_names

        near = near_names(query, catalog.names())
    entries = tuple(entry for name in found[:limit] if (entry := catalog.get(name)) is not None)
    return Answer(
        query=query,
        recipes=entries,
        near=tuple(near),
        more=len(found) - len(entries),
        advice=tuple((entry.name, advice_on_recipe(entry, catalog.get)) for entry in entries),
    )


def _elsewhere(
    answer: Answer,
    catalog: Catalog,
    places: Places,
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
) -> Answer:
    """Return the answer with what channels and index add."""
    from dataclasses import replace

    if places.offline:
        return replace(answer, notes=("neither conda channels nor the index were asked: --offline",))
    if len(arguments.name.split()) > 1 or not _PROJECT.fullmatch(answer.query):
        return replace(
            answer, notes=(f"only recipes were searched: {arguments.name!r} is no package's name",)
        )
    from pybuild.lookup.advice import advice_on_offers
    from pybuild.lookup.index import find_in_index

    conda, notes = _in_channels(answer.query, places, arguments, environ)
    index, troubles = find_in_index(answer.query, environ)
    offers = tuple(conda + index)
    advice = answer.advice
    if offers and answer.query not in dict(advice):
        advice = ((answer.query, advice_on_offers(answer.query, offers, catalog.get)), *advice)
    return replace(answer, offers=offers, notes=(*notes, *troubles), advice=advice)


def _in_channels(
    name: str, places: Places, arguments: argparse.Namespace, environ: Mapping[str, str]
) -> tuple[list[Offer], list[str]]:
    from pathlib import Path

    from pybuild.load.sites import choose_site
    from pybuild.lookup.channels import find_in_channels

    try:
        site = choose_site(arguments.site, places, environ)
    except PlanError as error:
        return [], [f"no conda channels were asked: {error.message}"]
    return find_in_channels(site.channels, name, Path(places.cache)) if site.channels else ([], [])


def _nothing(asked: str, answer: Answer) -> PybuildError:
    where = "no recipe" if answer.notes else "no recipe, conda channel or index"
    more = f"; {'; '.join(answer.notes)}" if answer.notes else ""
    near = f"did you mean {' or '.join(answer.near)}?"
    hint = near if answer.near else "pybuild recipe list --long shows every recipe with its summary"
    return PlanError(f"{where} has {asked!r}{more}", hint=hint)


def _put_recipes(answer: Answer) -> None:
    advice = dict(answer.advice)
    for entry in answer.recipes:
        mark = paint("  (unproven)", "yellow", stream=sys.stdout) if entry.unproven else ""
        options = f"  [{', '.join(entry.options)}]" if entry.options else ""
        put(f"{paint(entry.name, 'bold', stream=sys.stdout)}  {entry.summary}{mark}".rstrip())
        rows = [("recipe", _versions(entry.versions) + options)] if entry.versions else []
        for line in columns([*rows, ("advice", advice[entry.name])], indent="  "):
            put(line)
    if answer.more:
        put(f"and {answer.more} more recipes: name more of it, or add --json")
    sys.stdout.flush()


def _put_offers(answer: Answer) -> None:
    exact = any(entry.name == answer.query for entry in answer.recipes)
    if answer.offers:
        heading = f"{answer.query} elsewhere" if exact else answer.query
        put(paint(heading, "bold", stream=sys.stdout))
    rows: list[tuple[str, str]] = [
        (offer.source, f"{_versions(offer.versions)}  ({', '.join(offer.forms)})  {offer.place}")
        for offer in answer.offers
    ]
    if answer.offers and not exact:
        rows.append(("advice", dict(answer.advice)[answer.query]))
    for line in columns(rows, indent="  "):
        put(line)
    if answer.recipes or answer.offers:
        for note in answer.notes:
            say(f"note: {note}")


def _versions(versions: Sequence[str]) -> str:
    shown = ", ".join(versions[:_SHOWN_VERSIONS])
    more = len(versions) - _SHOWN_VERSIONS
    return f"{shown} and {more} older" if more > 0 else shown


def _data(answer: Answer) -> dict[str, object]:
    return {
        "query": answer.query,
        "recipes": [entry._asdict() for entry in answer.recipes],
        "near": list(answer.near),
        "conda": [asdict(offer) for offer in answer.offers if offer.source == "conda"],
        "index": [asdict(offer) for offer in answer.offers if offer.source == "index"],
        "advice": dict(answer.advice),
        "notes": list(answer.notes),
    }
