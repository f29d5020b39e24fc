"""Responses that a gateway gave and not the service: a firewall, a login page, a captive portal, a proxy."""

from contract.harness.client.messages import Response
from contract.harness.redaction import plain, scrub
from contract.harness.targets.connections import Kind

BEHIND_A_GATEWAY: frozenset[Kind] = frozenset({"url"})
"""The kinds of target that may have a gateway before them; the others are in this process or on loopback."""

# RFC 9110, section 15.6: a gateway that can't reach the service. 520 to 530 are Cloudflare's own.
_UNREACHABLE = frozenset({502, 503, 504, *range(520, 531)})
# RFC 9110, section 15.5.8, and RFC 6585, section 6: a proxy, and a captive portal.
_LOGIN_REQUIRED = frozenset({407, 511})
# What a firewall, a login wall or a captive portal answers with a page. A service under test may well answer
# 400, 404 or 500 with a page of its own framework: that is its own answer.
_PAGE = frozenset({401, 403, 406})


def gateway_answer(response: Response) -> str | None:
    """Say what a gateway answered, as the end of a sentence; None if the service itself answered."""
    status, kind = response.status, _kind(response)
    if 300 <= status < 400:
        place = scrub(response.headers.get("location", "nowhere"))
        return (
            f"a gateway answered {status}, which redirects to {place}; credentials do not follow a redirect: "
            "give that address if you trust it"
        )
    if status in _UNREACHABLE and not (status == 503 and response.tells_of_storage):
        return f"a gateway answered {status} with {kind}: the service could not be reached"
    if status in _LOGIN_REQUIRED or ((status < 300 or status in _PAGE) and _is_page(response)):
        return (
            f"a gateway answered {status} with {kind}, not with JSON: is there a firewall, a login page or a "
            "captive portal before the service?"
        )
    return None


def _is_page(response: Response) -> bool:
    """Say whether the body is HTML, by its start or by its type; some services send JSON with that type."""
    start = response.content.lstrip()[:20].lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")):
        return True
    return "html" in _kind(response) and start[:1] not in (b"{", b"[", b'"', b"")


def _kind(response: Response) -> str:
    named = plain(response.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return named or "no content type"
