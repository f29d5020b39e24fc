"""Markdown in which nothing of a service's text is markup, a link, a mention or a heading."""

import html
import re

from contract.harness.reports.text import one_line, visible

# Any punctuation but what begins no markup and no address anywhere.
_MARKUP = re.compile(r"[!#$&()*+.:<=>@\[\\\]^_`{|}~-]")
# Where the start of an address is parted: `https:` from `//`, and `www` from the dot.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
_JOINER = "\N{WORD JOINER}"


def text(words: str) -> str:
    """Return `words` as Markdown that shows them literally, on one line.

    A word joiner behind `@`, and within the start of an address, keeps viewers from linking it or naming a
    user: a backslash does not, in those that look for addresses behind all else.
    """
    return _MARKUP.sub(_literal, _ADDRESS.sub(_JOINER, one_line(words)))


def _literal(sign: re.Match[str]) -> str:
    if sign[0] in "&<>":
        return html.escape(sign[0])
    return f"\\{sign[0]}" + (_JOINER if sign[0] in "@#" else "")


def code(words: str) -> str:
    """Return `words` as a code span on one line, whatever backticks they hold; nothing is linked there.

    Not for a table, which is parted at pipes before code spans are read: take `text` there.
    """
    words = one_line(words)
    if not words:
        return ""
    fence = "`" * (_longest_run(words) + 1)
    return f"{fence} {words} {fence}" if words[0] == "`" or words[-1] == "`" else f"{fence}{words}{fence}"


def block(words: str, language: str = "") -> str:
    """Return `words` as a fenced block that they can't close."""
    words = visible(words).rstrip("\n")
    fence = "`" * max(3, _longest_run(words) + 1)
    return f"{fence}{language}\n{words}\n{fence}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _longest_run(words: str) -> int:
    return max((len(run) for run in re.findall("`+", words)), default=0)
