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
from contract.harness.checks.key_sources import KeySources, Observation, Setup
from contract.harness.checks.lasting_refusals import CHECKS, LastingRefusals
from contract.harness.checks.leaks import PROVOCATIONS
from contract.harness.checks.requested_values import (
    TEXT,
    UNUSABLE,
    USABLE,
    RequestedValues,
    effective,
    is_unusable,
    whole_number,
)
from contract.harness.checks.strategies import for_all, json_values, values_by_type
from contract.harness.checks.unattended_host import Host, renewals

__all__ = [
    "CHECKS",
    "PROVOCATIONS",
    "TEXT",
    "UNUSABLE",
    "USABLE",
    "Host",
    "KeySources",
    "LastingRefusals",
    "Observation",
    "Presenter",
    "RequestedValues",
    "Setup",
    "UnknownIdResponses",
    "clause",
    "describe",
    "effective",
    "for_all",
    "is_unusable",
    "json_values",
    "positive_control",
    "renewals",
    "require",
    "require_equal",
    "require_no_leak",
    "require_nothing_minted",
    "require_same_grant",
    "require_status",
    "still_live",
    "values_by_type",
    "whole_number",
]
