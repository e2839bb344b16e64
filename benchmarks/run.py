"""``python benchmarks/run.py``: pybuild and its peers on the same work, side by side."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from cases import CASES
from lab import Lab
from measure import BenchmarkError, measure
from table import Record, as_markdown, as_record

LONG = ("build-cold", "h5py", "channel", "stack", "levels", "levels-latency", "levels-bandwidth")
"""Cases that compile for minutes; only with ``--full`` or by name."""

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Measure, print the table and write it with the data and the plot."""
    text = "nothing was measured\n"
    arguments = _arguments()
    out = Path(arguments.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    wanted = arguments.only or [key for key in CASES if arguments.full or key not in LONG]
    try:
        with _work(arguments.work) as root:
            lab = Lab(root=root, checkout=Path(arguments.checkout).resolve(), spec=arguments.spec, say=_say)
            records = _earlier(out) if arguments.only else {}
            for record in _measured(lab, wanted, arguments.runs, out):
                records[record["key"]] = record
                text = _write(lab, records, out)  # after each case: a run that is stopped keeps what it has
            if records and not arguments.no_plot:
                _plot(lab, out)
            if arguments.publish:
                _publish(out, lab.checkout / "docs")
    except BenchmarkError as error:
        _say(f"error: {error}")
        return 1
    sys.stdout.write(text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="CASE", action="append", choices=sorted(CASES),
                        help=f"only this case, may be repeated: {', '.join(CASES)}")  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, metavar="N",
                        help="rounds of long cases; short ones get ten times that (default: 3)")  # fmt: skip
    parser.add_argument("--out", default=str(HERE / "results"), metavar="DIR", help="where the results go")
    parser.add_argument("--work", metavar="DIR", help="keep all that is prepared here, and use it again")
    parser.add_argument("--full", action="store_true", help="also the real compile, minutes for each peer")
    parser.add_argument("--spec", default="mpi4py==4.1.2", help="what is installed (default: %(default)s)")
    parser.add_argument("--checkout", default=str(HERE.parent), metavar="DIR", help="the pybuild to measure")
    parser.add_argument("--publish", action="store_true", help="write docs/benchmark.md and its plot")
    parser.add_argument("--no-plot", action="store_true", help="do without matplotlib")
    return parser.parse_args()


@contextlib.contextmanager
def _work(named: str | None) -> Iterator[Path]:
    if named:
        root = Path(named).resolve()
        root.mkdir(parents=True, exist_ok=True)
        yield root
    else:
        with tempfile.TemporaryDirectory(prefix="pybuild-benchmark-") as folder:
            yield Path(folder).resolve()


def _measured(lab: Lab, wanted: list[str], runs: int, out: Path) -> Iterator[Record]:
    for key in wanted:
        _say(f"== {key}")
        try:
            case = CASES[key](lab)
            rounds = min(runs * case.runs, case.most)
            seen = measure(
                case.peers, runs=rounds, warm=case.warm, count=case.count, logs=out / "logs" / key, say=_say
            )
        except BenchmarkError as error:
            _say(f"{key} is left out: {error}")
            continue
        yield {**as_record(case, seen), "when": _when(lab)}


def _earlier(out: Path) -> dict[str, Record]:
    """Return the cases that were measured before, by key: each case is a run of its own."""
    file = out / "results.json"
    found: list[Record] = json.loads(file.read_text())["cases"] if file.exists() else []
    return {record["key"]: record for record in found}


def _write(lab: Lab, records: Mapping[str, Record], out: Path) -> str:
    """Write the data and the table; return the table."""
    facts = _facts(lab)
    ordered = [records[key] for key in CASES if key in records]
    (out / "results.json").write_text(json.dumps({"facts": facts, "cases": ordered}, indent=1) + "\n")
    text = as_markdown(ordered, facts)
    (out / "results.md").write_text(text)
    return text


def _publish(out: Path, docs: Path) -> None:
    """Put the table and the plot where the documentation has them."""
    head = "<!-- Written by benchmarks/run.py --publish; do not edit it. -->\n\n# The benchmark's results\n\n"
    more = (
        "How it is measured, and why aims are missed: [benchmarks/README.md](../benchmarks/README.md).\n\n"
        "![each case as bars](benchmark.svg)\n"
    )
    text = (out / "results.md").read_text().removeprefix("# Results\n\n")
    (docs / "benchmark.md").write_text(f"{head}{more}\n{text}")
    if (out / "results.svg").exists():
        shutil.copyfile(out / "results.svg", docs / "benchmark.svg")


def _when(lab: Lab) -> str:
    """Return when a case was measured, of which commit, and how busy the machine was."""
    load = " ".join(Path("/proc/loadavg").read_text().split()[:3])
    commit = _said("git", "-C", str(lab.checkout), "describe", "--always", "--dirty")
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}, {commit or 'no commit'}, load at the end {load}"


def _facts(lab: Lab) -> dict[str, str]:
    """Return what the numbers depend on."""
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    cores = _said("nproc")
    facts = {
        "machine": f"{cores} x {cpu}, Linux {platform.release()}",
        "pybuild": _said(lab.pybuild, "--version"),
        "Python": platform.python_version(),
        "compiler": _said("gcc", "--version"),
        "ccache": _said("ccache", "--version"),
        "uv": _said(lab.uv, "--version"),
    }
    facts["pip"] = _said(str(lab.root / "prefix/bin/pip"), "--version").partition(" from ")[0]
    eb = lab.root / "easybuild-venv" / "bin"
    facts["EasyBuild"] = _said(str(eb / "eb"), "--version", EB_PYTHON=str(eb / "python")).partition(
        " on host"
    )[0]
    return {name: value for name, value in facts.items() if value}


def _said(*argv: str, **variables: str) -> str:
    """Return the first line that a command prints, nothing if it cannot."""
    if shutil.which(argv[0]) is None:
        return ""
    done = subprocess.run(argv, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or [""])[0] if done.returncode == 0 else ""


def _plot(lab: Lab, out: Path) -> None:
    try:
        venv = lab.pip("tools", "matplotlib")
        lab.run("plot", (str(venv / "bin" / "python"), str(HERE / "plot.py"), str(out / "results.json"),
                         str(out / "results.svg")))  # fmt: skip
    except BenchmarkError as error:
        _say(f"no plot: {str(error).splitlines()[-1].strip()}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
