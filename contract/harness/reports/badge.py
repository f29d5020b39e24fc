"""A badge: the verdict of a result as a small SVG."""

from collections.abc import Mapping
from html import escape
from typing import Any

from contract.harness.reports.outcomes import VERDICTS

LABEL = "relayauth contract"
# Dark enough for white text: each has a contrast of at least 4.5 with it.
_COLOURS = {"holds": "#1a7f37", "broken": "#c5221f", "open": "#6e5494"}
_SIGN = 6.6
"""The width of a character at this size in pixels; the text is fitted to it, whatever the font."""
_PAD = 7


def render(result: Mapping[str, Any]) -> str:
    """Return the badge as SVG text: the verdict and how many checks passed."""
    if "proof" in result and not result["targets"]:
        stands = result["proof"]["stands"]
        return _badge("proof stands" if stands else "proof does not stand", "holds" if stands else "broken")
    rows = [row for target in result["targets"] for row in target["results"]]
    passed = sum(row["outcome"] == "pass" for row in rows)
    return _badge(f"{VERDICTS[result['verdict']]} · {passed}/{len(rows)}", result["verdict"])


def _badge(said: str, verdict: str) -> str:
    left, right = (len(text) * _SIGN for text in (LABEL, said))
    divide, width = left + 2 * _PAD, left + right + 4 * _PAD
    title = escape(f"{LABEL}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="20" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<clipPath id="r"><rect width="{width:.0f}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{divide:.1f}" height="20" fill="#444"/>'
        f'<rect x="{divide:.1f}" width="{right + 2 * _PAD:.1f}" height="20" fill="{_COLOURS[verdict]}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{_PAD}" y="14" textLength="{left:.1f}">{escape(LABEL)}</text>'
        f'<text x="{divide + _PAD:.1f}" y="14" textLength="{right:.1f}">{escape(said)}</text></g></svg>\n'
    )
