"""HTTP over sockets: clients whose requests are bounded in time and size, and sent once."""

import contextlib
import ipaddress
import time
from collections.abc import Iterator

import httpx

from contract.harness.errors import CouldNotTry, UsageError
from contract.harness.redaction import scrub_logs
from contract.harness.targets.asgi_transport import ANSWER_DEADLINE, AsgiTransport
from contract.harness.targets.clocks import REAL
from contract.harness.targets.environment_proxies import ProxyInUse, check_environment, proxy_for
from contract.harness.targets.pacing import Pace
from contract.harness.targets.tls import certificate_problem, no_tls, tls_context

__all__ = [
    "ANSWER_DEADLINE",
    "LONGEST_IDLE",
    "AsgiTransport",
    "client",
    "exchange",
    "is_loopback",
    "plain_http",
]

# Seconds. A verifier may take 15 s to give up on a JWKS (JWKS-07), and needs a moment to answer then.
READ_TIMEOUT = 20.0
CONNECT_TIMEOUT = 10.0
MAX_ANSWER_BYTES = 1 << 20
# Connections that are kept open: enough for the largest race to start on open ones.
MOST_AT_ONCE = 32
# Seconds that a kept connection may be idle: a server that closes idle connections (most do after 5 s or
# more) would close it while a request is on its way, and nobody could tell whether that was received.
LONGEST_IDLE = 1.0
# Seconds before a request that reached no server is sent again.
RESEND_PAUSE = 0.2
_LIMITS = httpx.Limits(
    max_connections=MOST_AT_ONCE, max_keepalive_connections=MOST_AT_ONCE, keepalive_expiry=LONGEST_IDLE
)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class _NoCookies(httpx.Cookies):
    """Takes no cookie from a response."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Take none."""


class _Client(httpx.Client):
    """A client without cookies: no request is connected with the one before.

    `proxy` is the proxy of the environment that it uses, if any.
    """

    proxy: ProxyInUse | None = None

    @property
    def cookies(self) -> httpx.Cookies:
        """Always empty."""
        return _NoCookies()

    @cookies.setter
    def cookies(self, _cookies: object) -> None:
        raise AttributeError("this client keeps no cookies")


def client(
    base_url: str,
    transport: httpx.BaseTransport | None = None,
    pace: Pace | None = None,
    cacert: str | None = None,
) -> httpx.Client:
    """Return an HTTP client: TLS is verified, redirects are not followed, time is bounded, `pace` is kept.

    Proxies of the environment are used, except for loopback. Certificate authorities come from SSL_CERT_FILE
    and SSL_CERT_DIR, else from certifi, and from `cacert`. `UsageError` for settings that can't be used.
    """
    scrub_logs()
    url = httpx.URL(base_url)
    proxies = transport is None and not is_loopback(url.host)
    if transport is None:
        check_environment(url, proxies=proxies)
    verify = tls_context(cacert) if transport is None and url.scheme == "https" else no_tls()
    try:
        made = _Client(
            base_url=base_url,
            transport=transport,
            verify=verify,
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            limits=_LIMITS,
            follow_redirects=False,
            trust_env=proxies,
            event_hooks={"request": [pace.wait]} if pace else {},
            headers={"user-agent": "relayauth-contract", "accept": "application/json"},
        )
    except (httpx.InvalidURL, ImportError, ValueError) as error:
        raise UsageError(
            f"the proxy settings of the environment can't be used ({error}): correct HTTP_PROXY, "
            "HTTPS_PROXY, ALL_PROXY and NO_PROXY, or unset them"
        ) from None
    made.proxy = proxy_for(url) if proxies else None
    return made


def plain_http() -> httpx.HTTPTransport:
    """Return a transport for plain http to loopback, past all proxies."""
    return httpx.HTTPTransport(verify=no_tls(), trust_env=False, limits=_LIMITS)


class _Sending:
    """How far a request got: httpcore reports each step (its trace extension)."""

    def __init__(self) -> None:
        self._head_failed = self._head_sent = False

    def trace(self, event: str, _info: object) -> None:
        """Record a step."""
        self._head_failed |= event.endswith("send_request_headers.failed")
        self._head_sent |= event.endswith("send_request_headers.complete")

    def never_began(self, error: httpx.HTTPError) -> bool:
        """Whether no server can have received the request: no connection, or none for a whole head.

        A request whose head is not whole can't be processed (RFC 9112, section 2.1). All else may have been.
        """
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return certificate_problem(error) is None
        return self._head_failed and not self._head_sent


def exchange(client: httpx.Client, request: httpx.Request) -> httpx.Response:
    """Send `request` and read the response within the bounds; `CouldNotTry` if there is none.

    It is sent again, once, only where the first try certainly reached no server.
    """
    where = f"{request.method} {request.url.path}"
    until = REAL["monotonic"]() + ANSWER_DEADLINE
    sending = _Sending()
    request.extensions = {**request.extensions, "trace": sending.trace}
    try:
        try:
            return _sent(client, request, where, until)
        except httpx.HTTPError as error:
            if not sending.never_began(error):
                raise
        time.sleep(RESEND_PAUSE)
        return _sent(client, request, where, until)
    except httpx.TimeoutException:
        raise CouldNotTry(f"{where}: no answer in time; is the service hanging?") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise CouldNotTry(f"{where}: no answer: {_explained(error, client, request)}") from None


def _sent(client: httpx.Client, request: httpx.Request, where: str, until: float) -> httpx.Response:
    with contextlib.closing(client.send(request, stream=True)) as response:
        proxy = getattr(client, "proxy", None)
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED and proxy is not None:
            raise CouldNotTry(
                f"{where}: {proxy} wants a user name and a password (407): put them into {proxy.variable}, "
                f"or add {request.url.host} to NO_PROXY"
            )
        response._content = b"".join(_bounded(response, where, until))  # noqa: SLF001 - what read() does
        return response


def _bounded(response: httpx.Response, where: str, until: float) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            raise CouldNotTry(f"{where}: the answer is larger than {MAX_ANSWER_BYTES} bytes")
        if REAL["monotonic"]() > until:
            raise CouldNotTry(f"{where}: the answer was not complete within {ANSWER_DEADLINE:.0f} s")
        yield chunk


def _explained(error: Exception, client: httpx.Client, request: httpx.Request) -> str:
    """Return one line on an error, with its remedy where there is one."""
    if problem := certificate_problem(error):
        return problem
    line = (str(error) or type(error).__name__).splitlines()[0]
    proxy = getattr(client, "proxy", None)
    if proxy is None or not isinstance(error, httpx.ProxyError | httpx.ConnectError):
        return line
    what = "refused" if isinstance(error, httpx.ProxyError) else "can't be reached"
    return f"{proxy} {what}: {line}: correct {proxy.variable}, or add {request.url.host} to NO_PROXY"
