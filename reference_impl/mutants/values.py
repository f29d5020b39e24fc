"""Mutants in what is made of one value or spelling of the requested TTL."""

import math
import re
from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.rules import CAP


def _is_number(asked: Any) -> bool:
    return isinstance(asked, int | float) and not isinstance(asked, bool)


class FractionLivesNoSecond(Mutant):
    """A fraction of a second is rounded down to a token that has expired when it is issued."""

    breaks = frozenset({"TTL-05", "TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        fraction = _is_number(asked) and 0 < asked < 1
        return 0 if fraction else super().usable_ttl(asked)


class TinyFractionLivesNoSecond(Mutant):
    """A number that is too small for a comparison with an epsilon is taken for a TTL of zero."""

    breaks = frozenset({"TTL-05", "TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        tiny = isinstance(asked, float) and 0 < asked < 1e-6
        return 0 if tiny else super().usable_ttl(asked)


class FractionIsRoundedUpToASecond(Mutant):
    """A fraction of a second gives a token of one second."""

    breaks = frozenset({"TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        fraction = _is_number(asked) and 0 < asked < 1
        return 1 if fraction else super().usable_ttl(asked)


class MinusZeroLivesNoSecond(Mutant):
    """Minus zero passes the check for zero."""

    breaks = frozenset({"TTL-05", "TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        minus = isinstance(asked, float) and asked == 0 and math.copysign(1, asked) < 0
        return 0 if minus else super().usable_ttl(asked)


class InfinityLivesNoSecond(Mutant):
    """A number that is read as infinity, such as 1e400, gives a TTL of zero."""

    breaks = frozenset({"TTL-05"})

    def usable_ttl(self, asked: Any) -> int | None:
        return 0 if isinstance(asked, float) and asked == math.inf else super().usable_ttl(asked)


class NotANumberLivesNoSecond(Mutant):
    """NaN passes every comparison that should stop it, and ends as zero."""

    breaks = frozenset({"TTL-05"})

    def usable_ttl(self, asked: Any) -> int | None:
        return 0 if isinstance(asked, float) and math.isnan(asked) else super().usable_ttl(asked)


class LongNumbersCrash(Mutant):
    """A whole number that no float holds ends in an error of the server."""

    breaks = frozenset({"TTL-05"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(asked if not isinstance(asked, int) or float(asked) else 0)


class SixtyFourBitsWrapAround(Mutant):
    """A whole number past 63 bits is a negative one, and the token lives no second."""

    breaks = frozenset({"TTL-05"})

    def usable_ttl(self, asked: Any) -> int | None:
        return 0 if isinstance(asked, int) and asked >= 2**63 else super().usable_ttl(asked)


class ThirtyTwoBitsWrapAround(Mutant):
    """Of a whole number 32 bits are kept: 2^32 + 60 is a minute."""

    breaks = frozenset({"TTL-02"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(asked % 2**32 if isinstance(asked, int) and asked >= 2**32 else asked)


class EmptyTextIsZero(Mutant):
    """An empty text is taken for a TTL of zero."""

    breaks = frozenset({"TTL-05", "TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        return 0 if asked == "" else super().usable_ttl(asked)


class NegativeTextIsTakenAbsolute(Mutant):
    """A negative number that is sent as text counts without its sign."""

    breaks = frozenset({"TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        number = re.fullmatch(r"-([0-9]+)", asked) if isinstance(asked, str) else None
        return super().usable_ttl(int(number[1]) if number else asked)


class TextListIsItsNumber(Mutant):
    """A list of one text is taken for the number in it, as a loose cast does."""

    breaks = frozenset({"TTL-06", "TTL-08"})

    def usable_ttl(self, asked: Any) -> int | None:
        text = isinstance(asked, list) and len(asked) == 1 and str(asked[0]).isdecimal()
        return super().usable_ttl(int(asked[0]) if text else asked)


class ObjectWithSecondsIsRead(Mutant):
    """An object with `seconds` is taken for that many."""

    breaks = frozenset({"TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        return super().usable_ttl(asked.get("seconds") if isinstance(asked, dict) else asked)


class EmptyObjectMeansTheCap(Mutant):
    """An empty object is taken for no limit."""

    breaks = frozenset({"TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        return CAP if asked == {} else super().usable_ttl(asked)


class FalseMeansTheCap(Mutant):
    """False is taken for no limit."""

    breaks = frozenset({"TTL-06"})

    def usable_ttl(self, asked: Any) -> int | None:
        return CAP if asked is False else super().usable_ttl(asked)


class ExponentIsCutOff(Mutant):
    """Text is read up to its exponent: 1e9 is one second."""

    breaks = frozenset({"TTL-07"})

    def usable_ttl(self, asked: Any) -> int | None:
        number = re.fullmatch(r"([0-9]+)[eE][0-9]+", asked) if isinstance(asked, str) else None
        return super().usable_ttl(int(number[1]) if number else asked)


class TextWithAUnit(Mutant):
    """Text with a unit is read, by the number before it."""

    breaks = frozenset({"TTL-07"})

    def usable_ttl(self, asked: Any) -> int | None:
        number = re.fullmatch(r"([0-9]+) ?d(ays)?", asked) if isinstance(asked, str) else None
        return super().usable_ttl(int(number[1]) if number else asked)


class TextUpToTheComma(Mutant):
    """Text is read up to a comma."""

    breaks = frozenset({"TTL-07"})

    def usable_ttl(self, asked: Any) -> int | None:
        first = asked.split(",")[0] if isinstance(asked, str) and "," in asked else ""
        return super().usable_ttl(int(first) if first.isdecimal() else asked)


class LongTextByItsPrefix(Mutant):
    """Of a text only the first two characters are read where it is long."""

    breaks = frozenset({"TTL-07"})

    def usable_ttl(self, asked: Any) -> int | None:
        long = isinstance(asked, str) and len(asked) > 1000 and asked[:2].isdecimal()
        return super().usable_ttl(int(asked[:2]) if long else asked)
