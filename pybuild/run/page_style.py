"""How the page of a run looks, in light and dark, on wide and narrow screens."""

from __future__ import annotations

_KINDS = {
    "unpack": "a", "patch": "a", "overlay": "a", "stage-interpreter": "a", "before": "b", "configure": "b",
    "build": "c", "make": "c", "shell": "c", "install": "d", "stage-tree": "d", "stage-wheel": "d",
    "link check": "e", "pack": "f",
}  # fmt: skip
"""Phase -> letter of its colour; every other one (waiting, a recipe's own) is grey."""


def colour_of(phase: str) -> str:
    """Return the CSS colour of a phase."""
    return f"var(--{_KINDS.get(phase, 'g')})"


STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1c1e21; --soft: #5d646d; --line: #d9dde2;
  --panel: #f4f6f8; --bad: #b3261e; --warn: #8a5a00; --good: #1b6e3c;
  --a: #9aa5b1; --b: #c58b2a; --c: #2f6fb0; --d: #2a9d8f; --e: #8a5fbf; --f: #c2607a; --g: #c4cad1; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --text: #e4e7eb; --soft: #9aa3ad;
  --line: #363c44; --panel: #1e2328; --bad: #ff8a80; --warn: #f0b95a; --good: #7fd6a0;
  --a: #77828f; --b: #d9a441; --c: #5b9bdc; --d: #45b8aa; --e: #a98ae0; --f: #dd8299; --g: #4a525c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 32px 0 10px; }
.command { margin: 4px 0 16px; color: var(--soft); overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 0;
  background: var(--panel); border: 1px solid var(--line); }
dl div { padding: 8px 12px; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.failure { border-left: 3px solid var(--bad); padding: 2px 12px; margin: 8px 0; background: var(--panel); }
.failure p { overflow-wrap: anywhere; }
.failure pre { overflow-x: auto; white-space: pre-wrap; margin: 0; }
.row { display: grid; grid-template-columns: 190px 1fr 64px; gap: 10px; align-items: center; min-height: 26px;
  border-top: 1px solid var(--line); }
.row.axis { border: 0; color: var(--soft); font-size: .75rem; }
.name { overflow-wrap: anywhere; } .took { text-align: right; font-variant-numeric: tabular-nums; }
.track { position: relative; height: 16px; }
.track i { position: absolute; top: 0; height: 16px; }
.axis .track span { position: absolute; white-space: nowrap; border-left: 1px solid var(--line);
  padding-left: 4px; }
em { font-style: normal; font-size: .8rem; color: var(--soft); }
em.failed { color: var(--bad); } em.stopped, em.skipped { color: var(--warn); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--soft); font-size: .85rem; }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 6px; }
.wide { overflow-x: auto; }
svg { display: block; } svg text { fill: var(--text); font-size: 13px; text-anchor: middle; }
svg rect { fill: var(--panel); stroke: var(--soft); } svg path { fill: none; stroke: var(--soft); }
svg .built rect, svg .found rect { stroke: var(--good); }
svg .failed rect { stroke: var(--bad); stroke-width: 2; }
svg .skipped rect, svg .stopped rect { stroke: var(--warn); stroke-dasharray: 4 3; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: 4px 10px; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; } thead th { border: 0; color: var(--soft); font-weight: 500; }
tbody th { font-weight: 500; }
.held { columns: 12em; padding-left: 18px; margin: 0; }
@media (max-width: 640px) { main { padding: 16px 12px 40px; } .row { grid-template-columns: 1fr 56px;
  gap: 0 8px; padding: 4px 0; } .track { grid-column: 1 / -1; grid-row: 2; }
  .row.axis .name { display: none; } }
"""
"""The page's style sheet; colours follow the reader's system."""
