"""The matrix of clauses and endpoints as lines of text, in which ids and outcomes are never shortened."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from contract.harness.run import ClauseResult, Outcome
from contract.harness.spec import ENDPOINTS, catalogue

WORDS: Mapping[Outcome, tuple[str, str]] = {
    "pass": ("pass", "green"),
    "fail": ("FAIL", "bold red"),
    "known": ("known", "yellow"),
    "blocked": ("blocked", "cyan"),
    "not_tried": ("-", "dim"),
    "error": ("ERROR", "bold magenta"),
}
"""By outcome: the word in the matrix, and its style."""
_SERVICE = "service"  # the column of clauses that are about the service as a whole
_GAP = "  "
_SHORTEST_TITLE = 12  # characters below which a title says nothing, and is left out


def matrix(results: Sequence[ClauseResult], width: int) -> Iterator[Text]:
    """Yield the matrix line by line; titles are shortened to keep to `width`, or left out."""
    columns = _columns(results)
    cells: dict[str, dict[str, ClauseResult]] = {}
    for result in results:
        cells.setdefault(result.clause, {})[result.endpoint or _SERVICE] = result
    titles = {clause: _title(clause) for clause in cells}
    ids = max(len("clause"), *map(len, cells))
    taken = ids + sum(len(_GAP) + len(column) for column in columns)
    room = min(max(map(len, titles.values())), width - taken - len(_GAP))
    shown = room if room >= _SHORTEST_TITLE else 0

    def line(first: Text, title: str, last: Sequence[Text]) -> Text:
        parts = [_padded(first, ids)]
        if shown:
            parts.append(_padded(Text(title), shown))
        parts += [_padded(cell, len(column)) for cell, column in zip(last, columns, strict=True)]
        joined = Text(_GAP).join(parts)
        joined.rstrip()
        return joined

    yield line(Text("clause", "dim"), "", [Text(column, "dim") for column in columns])
    for clause, row in cells.items():
        title = _shortened(titles[clause], shown)
        yield line(Text(clause), title, [_cell(row.get(column)) for column in columns])


def _columns(results: Sequence[ClauseResult]) -> list[str]:
    tried = {result.endpoint for result in results}
    return [name for name in ENDPOINTS if name in tried] + ([_SERVICE] if None in tried else [])


def _title(clause_id: str) -> str:
    clause = catalogue()[clause_id]
    return clause.title + (" (should)" if clause.level == "should" else "")


def _shortened(title: str, room: int) -> str:
    """Cut a title at a word; "..." and not its one-character form, which some encodings lack."""
    return textwrap.shorten(title, room, placeholder="...") if room else ""


def _cell(result: ClauseResult | None) -> Text:
    return Text(*WORDS[result.outcome]) if result else Text("")


def _padded(text: Text, width: int) -> Text:
    return text + Text(" " * (width - len(text)))
