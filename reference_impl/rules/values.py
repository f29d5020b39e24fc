"""The numbers and words of wire.md that decisions are made with."""

import re
from collections.abc import Mapping

from reference_impl.facts import Endpoint

DEFAULT_TTL = 86400  # seconds: wire.md, The refresh TTL
CAP = 7776000  # seconds, 90 days: wire.md, The refresh TTL
ACCESS_TTL = 3600  # seconds: wire.md, Token pairs
LONGEST_CHAIN = 10  # sponsors: wire.md, Mint endpoints
ASSERTION_TTL = 60  # seconds: wire.md, Other routes
ASSERTION_SCOPES = frozenset({"rth:read", "rth:sync"})  # wire.md, Other routes
LONGEST = 3153600000  # seconds, 100 years: wire.md sets no bound, the calendar of ISO 8601 does
SKEW = 30  # seconds; wire.md allows a verifier at most 60
ISSUER = "https://relayauth.dev"
MARK = "refreshTokenTtl"
DEFAULT_JWKS_ORIGIN = "http://127.0.0.1:8787"
JWKS_PATH = "/.well-known/jwks.json"
UNPUBLISHED_KID = "rs256-key"  # wire.md: the kid of a deployment that publishes no key
PREFIXES: Mapping[Endpoint, str] = {
    "identity": "",
    "agent": "relay_ag_",
    "path": "relay_pa_",
    "workspace-path": "relay_pa_",
    "assertion": "",
}
DECIMAL = re.compile(r"[1-9][0-9]*", re.ASCII)
