"""Sets of HTTP statuses that mean one thing here."""

NO_ROUTE = frozenset({404, 405, 501})
"""How an older deployment answers where it lacks a newer route (docs/contract.md, Other routes)."""
