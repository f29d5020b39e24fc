"""How the suite judges: assertions, comparisons, and the inputs that tests share."""

from contract.harness.checks.assertions import (
    alike,
    clause,
    describe,
    positive_control,
    requested_ttl,
    require,
    require_access_no_longer,
    require_announced,
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
from contract.harness.checks.lasting_refusals import CHECKS, LastingRefusals
from contract.harness.checks.leaks import PROVOCATIONS
from contract.harness.checks.own_entries import entries_of, require_own_entries
from contract.harness.checks.races import BUSY, Rounds, require_no_failure
from contract.harness.checks.requested_values import (
    TEXT,
    UNUSABLE,
    USABLE,
    RequestedValues,
    effective,
    is_unusable,
    whole_number,
)
from contract.harness.checks.sessions import (
    Leftovers,
    just_minted,
    later,
    long_lived,
    over_time,
    renewed,
    shows_live,
)
from contract.harness.checks.strategies import for_all, json_values, values_by_type
from contract.harness.checks.unattended_host import Host, renewals, started

__all__ = [
    "BUSY",
    "CHECKS",
    "PROVOCATIONS",
    "TEXT",
    "UNUSABLE",
    "USABLE",
    "Host",
    "KeyChange",
    "KeyChangeObservation",
    "KeyProbe",
    "KeySources",
    "LastingRefusals",
    "Leftovers",
    "Observation",
    "OwnKeyObservation",
    "Presenter",
    "RequestedValues",
    "Rounds",
    "Setup",
    "UnknownIdResponses",
    "alike",
    "clause",
    "describe",
    "effective",
    "entries_of",
    "for_all",
    "is_unusable",
    "json_values",
    "just_minted",
    "later",
    "long_lived",
    "over_time",
    "positive_control",
    "renewals",
    "renewed",
    "requested_ttl",
    "require",
    "require_access_no_longer",
    "require_announced",
    "require_equal",
    "require_no_failure",
    "require_no_leak",
    "require_nothing_minted",
    "require_own_entries",
    "require_same_grant",
    "require_status",
    "shows_live",
    "started",
    "still_live",
    "values_by_type",
    "whole_number",
]
