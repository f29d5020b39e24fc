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
from contract.harness.checks.strategies import for_all, json_values

__all__ = [
    "PROVOCATIONS",
    "KeyChange",
    "KeyChangeObservation",
    "KeyProbe",
    "KeySources",
    "Observation",
    "OwnKeyObservation",
    "Presenter",
    "Setup",
    "UnknownIdResponses",
    "clause",
    "describe",
    "for_all",
    "json_values",
    "positive_control",
    "require",
    "require_equal",
    "require_no_leak",
    "require_nothing_minted",
    "require_same_grant",
    "require_status",
    "still_live",
]
