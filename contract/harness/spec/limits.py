"""The contract's numbers, each with its unit and source (docs/contract.md)."""

REFRESH_TTL_FIELD = "refreshTokenTtlSeconds"
"""The field of a mint request that asks for a refresh TTL."""
REFRESH_TTL_MARK = "refreshTokenTtl"
"""The entry of a token's `meta` that carries the effective refresh TTL."""
REFRESH_TTL_CAP = 7776000
"""Seconds, 90 days: the longest refresh TTL that is ever given (docs/contract.md, The refresh TTL)."""
DEFAULT_REFRESH_TTL = 86400
"""Seconds, 24 h: the refresh TTL where none was requested (docs/contract.md, The refresh TTL)."""
ACCESS_TTL = 3600
"""Seconds: the default access TTL, and the cap where delegated (docs/contract.md, Token pairs)."""
CLOCK_SKEW = 60
"""Seconds that a verifier may still accept a token after `exp` (docs/contract.md, Other routes)."""
KEY_DEADLINE = 15
"""Seconds within which a verifier that gets no keys must have refused (JWKS-07)."""
DAY = 86400
"""Seconds."""
YEAR_2038 = 2147483648
"""Unix seconds, 2038-01-19T03:14:08Z: the first that 31 bits can't hold."""
YEAR_2100 = 4102444800
"""Unix seconds, 2100-01-01T00:00:00Z: past 32 bits, and a year that four divides and that is no leap year."""
