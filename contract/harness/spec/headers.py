"""Headers that the service asks for (docs/contract.md, Other routes)."""

CONFIRM_DELETE = {"X-Confirm-Delete": "true"}
"""An identity is deleted with this header only."""
