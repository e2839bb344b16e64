"""The draft of a site file, each guess with a comment on what it was drawn from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from pybuild.errors import UsageError
from pybuild.load.document import parse_document
from pybuild.load.draft_text import bare_name, host_pattern, is_module, loaded_as, quoted, shown, whereabouts
from pybuild.load.draft_virtuals import compiler, hdf5, mpi
from pybuild.load.probe import LAUNCHERS, Seen, look
from pybuild.load.schema import load_schema, validate

_HUGEPAGES = "craype-hugepages*"
_TRACKERS = {"darshan*": "libdarshan", "altd*": "libaltd", "xalt*": "libxalt"}
_FAMILIES = {
    "PrgEnv": ("PrgEnv-*",),
    "cpu": ("craype-x86-*", "craype-arm-*", "craype-haswell", "craype-broadwell", "craype-ivybridge",
            "craype-sandybridge", "craype-skylake", "craype-mic-knl"),
    "accelerator": ("craype-accel-*",),
    "network": ("craype-network-*",),
    "hugepages": (_HUGEPAGES,),
}  # fmt: skip
_JOBS = {"srun": "SLURM_JOB_ID", "aprun": "PBS_JOBID", "jsrun": "LSB_JOBID", "ibrun": "SLURM_JOB_ID"}


def draft(
    environ: Mapping[str, str], hostname: str, name: str | None = None, *, today: str
) -> tuple[str, str]:
    """Return the name and the text of a site file for this machine, valid as it stands.

    Args:
        environ: the user's environment.
        name: of the site; without it, what the machine calls itself.
        today: ISO date, for the sources.

    Raises:
        UsageError: ``name`` cannot be a site's.
    """
    seen = look(environ, hostname)
    called = name or _name(seen)
    if not re.search(load_schema("site")["$defs"]["name"]["pattern"], called):
        raise UsageError(
            f"a site cannot be called {called!r}: a name has lower-case letters, digits and single hyphens",
            hint="pybuild site probe --name NAME",
        )
    source = f"seen on {shown(hostname)} by pybuild site probe, {today}"
    text = "\n".join(line for part in _PARTS for line in part(seen, called, source)) + "\n"
    validate(parse_document(f"{called}.yaml", text), "site")
    return called, text


def _name(seen: Seen) -> str:
    host = seen.hostname.split(".")[0].rstrip("0123456789-_")
    for text in (*(value for _, value in seen.marks), host, "here"):
        plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        if plain:
            return plain
    return "here"


def _head(seen: Seen, name: str, _source: str) -> Iterator[str]:
    yield f"# Drafted by pybuild site probe on {shown(seen.hostname)}."
    yield "# Comments say what a guess was drawn from. Go through them with the machine's documentation,"
    yield "# name that as the source of what you keep, and leave out what no build needs."
    yield f"name: {name}"
    yield f"summary: {quoted(f'draft for {shown(seen.hostname)}; say in one line what machine this is')}"
    if seen.marks:
        variable, value = seen.marks[0]
        yield "detect:"
        yield f"  env: {{{variable}: {quoted(value)}}}  # is set here; on every node, on no other machine?"
    else:
        yield "detect:"
        yield f"  hostname: {quoted(host_pattern(seen.hostname))}  # from the host name here"


def _nodes(seen: Seen, _name: str, source: str) -> Iterator[str]:
    job = _job_variable(seen)
    if not job:
        return
    yield "nodes:"
    if not seen.job:
        yield "  login:"
        yield f"    hostname: {quoted(host_pattern(seen.hostname))}  # from the host name here, in no job"
        yield f"    source: {quoted(source)}"
    yield "  compute:"
    if seen.job:
        yield f"    hostname: {quoted(host_pattern(seen.hostname))}  # from the host name here, inside a job"
    yield f"    variables: [{job}]  # what the batch system sets inside a job"
    yield f"    source: {quoted(source)}"


def _basics(_seen: Seen, _name: str, _source: str) -> Iterator[str]:
    yield "keep_env: [TMPDIR]"
    yield "path: [/usr/local/bin, /usr/bin, /bin]"


def _modules(seen: Seen, _name: str, source: str) -> Iterator[str]:
    yield "modules:"
    yield f"  tool: {seen.tool}  # {shown(seen.tool_by)}"
    if seen.tool == "none":
        return
    doubt = "is there; does it define module in a bash that has read nothing else?"
    yield f"  init: [{quoted(seen.init)}]  # {doubt if seen.init_there else 'WAS NOT FOUND; which is it?'}"
    if seen.folders:
        yield "  folders:  # from MODULEPATH; leave out what init sets and what loaded modules opened"
        yield from (f"    - {quoted(folder)}" for folder in seen.folders if ":" not in folder)
    names = [(module, bare_name(module)) for module in seen.loaded]
    good: dict[str, str] = {}
    for module, bare in names:
        if is_module(bare):
            good.setdefault(bare, module)
    if good:
        yield "  baseline:  # from LOADEDMODULES; leave out what you loaded after login"
        yield from (
            f"    - {quoted(bare)}" + (f"  # {shown(module)}" if module != bare else "")
            for bare, module in good.items()
        )
    families = [(family, members) for family, members in _families(seen)]
    if families:
        yield "  families:  # from the modules' names; at most one member of each may be loaded"
        yield from (f"    {family}: {json.dumps(members)}" for family, members in families)
    yield f"  source: {quoted(source)}"


def _rules(seen: Seen, _name: str, source: str) -> Iterator[str]:
    huge = loaded_as(seen, _HUGEPAGES)
    trackers = [pattern for pattern in _TRACKERS if loaded_as(seen, pattern)]
    if huge or trackers:
        yield "rules:"
    if huge:
        yield f"  - name: no-hugepages  # {shown(huge)} is loaded"
        yield "    at: [build, run]"
        yield f'    modules: [{{unload: "{_HUGEPAGES}"}}]'
        yield f'    forbid: ["{_HUGEPAGES}"]'
        yield "    reason: Python crashes when its extensions are linked with libhugetlbfs"
        yield f"    source: {quoted(source)}"
    if trackers:
        names = ", ".join(f'{{unload: "{pattern}"}}' for pattern in trackers)
        yield f"  - name: no-tracking  # loaded: {', '.join(shown(loaded_as(seen, p)) for p in trackers)}"
        yield f"    modules: [{names}]"
        yield "    reason: a library that watches jobs would be linked into every extension"
        yield f"    source: {quoted(source)}"
    refused = [("libhugetlbfs", "no-hugepages")] if huge else []
    refused += [(_TRACKERS[pattern], "no-tracking") for pattern in trackers]
    if refused:
        yield "libraries:"
        yield "  refuse:"
    for library, rule in refused:
        yield f"    - {{name: {library}, rule: {rule}, reason: the rule {rule} keeps it out}}"


def _python(seen: Seen, _name: str, source: str) -> Iterator[str]:
    found = [(m, re.search(r"/(\d+\.\d+)", m)) for m in seen.loaded if re.match(r"(cray-)?python3?/", m)]
    rows = [(module, match[1]) for module, match in found if match and is_module(module)]
    if rows:
        yield "python:"
        yield "  modules:  # loaded here; from the name"
    for module, version in rows:
        yield f'    - {{module: {quoted(module)}, python: "{version}", source: {quoted(source)}}}'


def _launcher(seen: Seen, _name: str, source: str) -> Iterator[str]:
    found = next((name for name in LAUNCHERS if name in seen.programs), "")
    if not found:
        yield "verify: linked  # no launcher was found on the PATH, so ranks cannot be started"
        return
    yield "launcher:"
    yield f'  ranks: [{found}, -n, "${{{{ ranks }}}}"]' + whereabouts(seen, found, start="  # ")
    if "salloc" in seen.programs:
        yield '  ask: [salloc, -N, "1", -t, "10"]  # salloc is there; add account, queue and kind of node'
    if "sbatch" in seen.programs:
        yield "  submit: [sbatch, --parsable]"
        yield '  directives: ["#SBATCH -N 1", "#SBATCH -t 10"]  # the same as ask'
    if _job_variable(seen):
        yield f"  inside: {_job_variable(seen)}"
    yield f"  source: {quoted(source)}"


def _job_variable(seen: Seen) -> str:
    return seen.job or next((job for name, job in _JOBS.items() if name in seen.programs), "")


def _families(seen: Seen) -> Iterator[tuple[str, list[str]]]:
    for family, patterns in _FAMILIES.items():
        members = [pattern for pattern in patterns if loaded_as(seen, pattern)]
        if members:
            yield family, members


_Part = Callable[[Seen, str, str], Iterator[str]]
_PARTS: tuple[_Part, ...] = (
    _head, _nodes, _basics, _modules, compiler, mpi, hdf5, _rules, _python, _launcher,
)  # fmt: skip
