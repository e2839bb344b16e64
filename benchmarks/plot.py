"""Draw ``results.json`` as bars: ``plot.py results.json results.svg``; needs matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def draw(results: Path, target: Path) -> None:
    """Write one panel of bars for each case; the bar is the median, the white mark the fastest run."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "pybuild"
    from matplotlib import pyplot as plt

    cases = json.loads(results.read_text())["cases"]
    heights = [len(case["peers"]) + 1.5 for case in cases]
    figure, panels = plt.subplots(
        len(cases), figsize=(9, 0.38 * sum(heights)), squeeze=False,
        gridspec_kw={"height_ratios": heights}, layout="constrained",
    )  # fmt: skip
    for panel, case in zip(panels[:, 0], cases, strict=True):
        names = [peer["name"] for peer in case["peers"]]
        medians = [peer["median"] for peer in case["peers"]]
        colours = ["#c4501b" if name.startswith("pybuild") else "#7a8ca3" for name in names]
        bars = panel.barh(names, medians, color=colours, height=0.7)
        labels = [f" {m:.3g} s  ({peer['median_ratio']:.2g} x)" for m, peer in zip(medians, case["peers"],
                                                                                  strict=True)]  # fmt: skip
        panel.bar_label(bars, labels, fontsize=8)
        panel.scatter([peer["least"] for peer in case["peers"]], names, marker="|", color="white", zorder=3)
        for limit in {peer["limit"] for peer in case["peers"] if "limit" in peer}:
            panel.axvline(limit, color="#2b2b2b", linewidth=1, linestyle=":")
        panel.set_title(f"{case['title']}  (1 x = {case['unit']}, dotted: aim)", fontsize=9, loc="left")
        panel.set_xlim(0, max(medians) * 1.25)
        panel.invert_yaxis()
        panel.tick_params(labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
