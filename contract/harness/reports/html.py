"""The HTML report: one self-contained page that loads nothing and runs no script but its own."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.harness.reports import heatmaps, lifelines, matrices, outcomes, views
from contract.harness.reports.text import visible

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"
_BRIEF = 5
"""How many clauses that fail are named under the verdict: what a reader sees first."""


def render(result: Mapping[str, Any]) -> str:
    """Return the page as HTML text."""
    targets = views.views(result)
    proof = result.get("proof")
    return _template().render(
        result=result,
        targets=targets,
        matrix=matrices.matrix(result["targets"]) if any(target.counts for target in targets) else None,
        proof=proof,
        heat_maps=heatmaps.heat_maps(proof) if proof else [],
        counts={
            outcome: sum(target.counts.get(outcome, 0) for target in targets)
            for outcome in outcomes.WORST_FIRST
        },
    )


@functools.cache
def _template() -> "Template":
    # Imported here, so that a command that writes no HTML starts without it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    style, script = ((_TEMPLATES / name).read_text("utf-8") for name in ("report.css", "report.js"))
    environment.globals |= {
        # Our own files, whose digests are the only style and script that the page's policy allows.
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "policy": f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
        "words": outcomes.WORDS,
        "verdicts": outcomes.VERDICTS,
        "place": outcomes.place,
        "heading": outcomes.heading,
        "anchor": outcomes.anchor,
        "mutant_state": heatmaps.state,
        "hit_words": heatmaps.WORDS,
        "cell": heatmaps.CELL,
        "width": lifelines.WIDTH,
        "brief": _BRIEF,
        "prose": _prose,
    }
    return environment.get_template("report.html.jinja")


def _shown(value: Any) -> Any:
    """Make what a template prints visible; what it has escaped already has been through here."""
    return value if not isinstance(value, str) or hasattr(value, "__html__") else visible(value)


def _prose(text: str) -> "Markup":
    """Return a sentence of the catalogue, in which code stands between backticks."""
    from markupsafe import Markup

    code, plain = Markup("<code>{}</code>"), Markup("{}")
    parts = visible(text).split("`")
    return Markup().join((code if odd % 2 else plain).format(part) for odd, part in enumerate(parts))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
