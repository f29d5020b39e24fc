"""The drawing of a session's life: lifetimes as bars on a time axis, rotations as ticks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.harness.spec.limits import DAY

WIDTH = 720
_LEFT = 96
_RIGHT = 16
_LANE = 22
_TOP = 8
_MOST_ROTATIONS = 200
_MOST_EVENTS = 20
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200)
_LONGEST = 1e15
"""A lifetime may be any number that a service made of it; a drawing must not take as long."""


@dataclass(frozen=True)
class Bar:
    """A lifetime in the drawing; `kind` is `asked`, `ok` (as required) or `off`."""

    x: float
    y: float
    width: float
    kind: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A moment: a rotation, an event or a tick of the axis, with its words."""

    x: float
    kind: str
    words: str


@dataclass(frozen=True)
class Lifeline:
    """A drawing in coordinates, and the same in a sentence for who can't see it."""

    height: float
    axis: float
    lanes: Sequence[tuple[float, str]]
    bars: Sequence[Bar]
    rotations: Sequence[Mark]
    events: Sequence[Mark]
    ticks: Sequence[Mark]
    sentence: str


def duration(seconds: float) -> str:
    """Return a time span in its two largest units: `90 d`, `1 d 2 h`, `59 s`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1 and seconds:
        return f"{seconds:.3g} s"
    parts = []
    rest = int(min(seconds, _LONGEST))
    for unit, length in (("y", 365 * DAY), ("d", DAY), ("h", 3600), ("min", 60), ("s", 1)):
        # Up to two years are told in days: 365 and 366 days differ.
        if rest >= (2 * length if unit == "y" else length):
            parts.append(f"{rest // length} {unit}")
            rest %= length
    return " ".join(parts[:2]) or "0 s"


def lifeline(timeline: Mapping[str, Any]) -> Lifeline:
    """Return the drawing of a case's `timeline`."""
    timeline = _bounded(timeline)
    requested, given = timeline["requested"], timeline["given"]
    required = timeline.get("required", requested)
    rotations = timeline["rotations"][:_MOST_ROTATIONS]
    events = timeline.get("events", [])[:_MOST_EVENTS]
    ends = [each["at"] + max(each["given"], 0) for each in rotations]
    end = max([requested or 0, required or 0, given, *ends, *(each["at"] for each in events), 1])
    scale = (WIDTH - _LEFT - _RIGHT) / float(end)

    def at(seconds: float) -> float:
        return round(_LEFT + float(min(max(seconds, 0), end)) * scale, 1)

    lanes, bars = [], []
    y: float = _TOP
    for name, value in (("requested", requested), ("required", required)):
        if value is not None and (name == "requested" or value != requested):
            lanes.append((y, name))
            bars.append(Bar(at(0), y, _width(at(0), at(value)), "asked", f"{name} {duration(value)}"))
            y += _LANE
    lanes.append((y, "given"))
    wanted = given if required is None else required
    lives = [(0, given), *((each["at"], each["given"]) for each in rotations)]
    for number, (start, life) in enumerate(lives):
        lane = y + _LANE * (number % 2)
        kind = "ok" if life == wanted else "off"
        what = "at mint" if not number else f"rotation {number}, {duration(start)} after the mint"
        bars.append(
            Bar(at(start), lane, _width(at(start), at(start + life)), kind, f"{what}: {duration(life)}")
        )
    axis = y + _LANE * (2 if rotations else 1) + 4
    return Lifeline(
        height=axis + 24,
        axis=axis,
        lanes=lanes,
        bars=bars,
        rotations=[Mark(at(each["at"]), "rotation", duration(each["at"])) for each in rotations],
        events=[
            Mark(at(each["at"]), _kind(each), f"{each['what']}, {duration(each['at'])} after the mint")
            for each in events
        ],
        ticks=[Mark(at(each), "tick", duration(each)) for each in _ticks(end)],
        sentence=_sentence(timeline, requested, given),
    )


def _bounded(value: Any) -> Any:
    """Return `value` with every number in it within what can be drawn."""
    if isinstance(value, Mapping):
        return {name: _bounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(min(value, _LONGEST), -_LONGEST)
    return value


def _width(start: float, end: float) -> float:
    # A short life beside a long one must still be seen.
    return round(max(end - start, 2), 1)


def _kind(event: Mapping[str, Any]) -> str:
    accepted = event.get("accepted")
    return "event" if accepted is None else "accepted" if accepted else "refused"


def _ticks(end: float) -> Iterable[float]:
    """Return about five round moments up to `end`."""
    wanted = end / 5
    if wanted <= _STEPS[-1]:
        step: float = next((each for each in _STEPS if each >= wanted), DAY)
    else:
        days = wanted / DAY
        power = 1.0
        while power * 10 <= days:
            power *= 10
        step = DAY * next((power * each for each in (1, 2, 5, 10) if power * each >= days), power * 10)
    return [step * number for number in range(int(end / step) + 1)][:12]


def _both(seconds: float) -> str:
    return (
        f"{duration(seconds)} ({seconds:.10g} s)" if abs(seconds) < _LONGEST else "more than 30 million years"
    )


def _sentence(timeline: Mapping[str, Any], requested: float | None, given: float) -> str:
    asked = "nothing requested" if requested is None else f"requested {_both(requested)}"
    parts = [f"{asked}, given {_both(given)}"]
    rotations = timeline["rotations"]
    if rotations:
        lives = sorted({each["given"] for each in rotations})
        told = " and ".join(_both(life) for life in lives[:3])
        more = f" and {len(lives) - 3} other lifetimes" if len(lives) > 3 else ""
        plural = "s" if len(rotations) > 1 else ""
        last = duration(rotations[-1]["at"])
        parts.append(f"{len(rotations)} rotation{plural}, the last {last} after the mint, gave {told}{more}")
    parts += [
        f"{each['what']} {duration(each['at'])} after the mint"
        for each in timeline.get("events", [])[:_MOST_EVENTS]
    ]
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]
