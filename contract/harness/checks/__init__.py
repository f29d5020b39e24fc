"""How the suite judges: assertions, comparisons, and the inputs that tests share."""

from contract.harness.checks.assertions import (
    clause,
    describe,
    positive_control,
    require,
    require_equal,
    require_no_leak,
    require_nothing_minted,
    require_same_grant,
    require_status,
    still_live,
)
from contract.harness.checks.comparison import UnknownIdResponses
from contract.harness.checks.hostile_tokens import Presenter
from contract.harness.checks.key_setups import (
    KeyChange,
    KeyChangeObservation,
    KeyProbe,
    Observation,
    OwnKeyObservation,
    Setup,
)
from contract.harness.checks.key_sources import KeySources
from contract.harness.checks.leaks import PROVOCATIONS
from contract.harness.checks.races import BUSY, Rounds, require_no_failure
from contract.harness.checks.sessions import Leftovers, later, long_lived, over_time, renewed, shows_live
from contract.harness.checks.strategies import for_all, json_values

__all__ = [
    "BUSY",
    "PROVOCATIONS",
    "KeyChange",
    "KeyChangeObservation",
    "KeyProbe",
    "KeySources",
    "Leftovers",
    "Observation",
    "OwnKeyObservation",
    "Presenter",
    "Rounds",
    "Setup",
    "UnknownIdResponses",
    "clause",
    "describe",
    "for_all",
    "json_values",
    "later",
    "long_lived",
    "over_time",
    "positive_control",
    "renewed",
    "require",
    "require_equal",
    "require_no_failure",
    "require_no_leak",
    "require_nothing_minted",
    "require_same_grant",
    "require_status",
    "shows_live",
    "still_live",
]
