"""The report formats: one row each, from which the options of `check` and `report` are made."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Format:
    """One format: `option` names it on the command line; `function` of `module` renders a result of schema 2.

    The module is imported when something is rendered, so that importing this table costs nothing.
    """

    name: str
    option: str
    help: str
    module: str
    function: str = "render"

    def render(self, result: Mapping[str, Any]) -> str:
        """Return `result` in this format, as text to be written in UTF-8."""
        module = importlib.import_module(f"contract.harness.reports.{self.module}")
        function = cast("Callable[[Mapping[str, Any]], str]", getattr(module, self.function))
        return function(result)


FORMATS: tuple[Format, ...] = (
    Format(
        "json",
        "--json",
        "Write the result as JSON, from which every other report can be made; - is standard output.",
        "result_document",
    ),
    Format("html", "--html", "Write one self-contained HTML page.", "html"),
    Format("junit", "--junit", "Write JUnit XML, as CI viewers group it.", "junit_xml"),
    Format("sarif", "--sarif", "Write SARIF 2.1.0, for code scanning.", "sarif"),
    Format("github", "--github", "Write Markdown for a GitHub step summary.", "github", "summary"),
    Format(
        "annotations",
        "--annotations",
        "Write GitHub error annotations, at most ten, for a step's output.",
        "github",
        "annotations",
    ),
    Format("badge", "--badge", "Write a badge as SVG.", "badge"),
    # A new format is one more row here.
)

BY_NAME: Mapping[str, Format] = {row.name: row for row in FORMATS}
