"""``pybuild script``: the plan as bash."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping

from pybuild.cli.settings import request_of, settings_of
from pybuild.cli.text import put
from pybuild.model.plan import Plan


def script(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print a bash script that does what ``install`` would do; addresses are looked up now."""
    from pybuild.plan.script import render_script
    from pybuild.sources import addresses_of
    from pybuild.workflow import prepare

    settings = settings_of(arguments, environ)
    plan = prepare(request_of(arguments, environ), settings, acting=False)
    text = render_script(plan, addresses_of(plan, settings), _texts(plan))
    put(json.dumps({"script": text}) if arguments.json else text)
    return 0


def _texts(plan: Plan) -> dict[str, str]:
    """Return the text of every test script of the plan, and of what they import of pybuild."""
    from pybuild.verify.harness import harness_of

    found = {}
    for package in plan.packages:
        for file in package.files:
            with open(os.path.join(package.directory, file), encoding="utf-8") as handle:
                found[f"{package.name}/{file}"] = handle.read()
    return found | harness_of(found.values())
