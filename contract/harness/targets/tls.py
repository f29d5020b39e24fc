"""TLS: which certificate authorities are trusted, and what to do about a certificate that is refused."""

import functools
import os
import re
import ssl

import httpx

from contract.harness.errors import UsageError

_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED\] certificate verify failed: (.*?)(?: \(_ssl|$)")


def tls_context(cacert: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the environment, else of certifi, and of `cacert`.

    Those of the environment are SSL_CERT_FILE and SSL_CERT_DIR. `UsageError` for a file without certificates.
    """
    file, folder = (os.environ.get(name) or None for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if file or folder else _usual()
    if folder:
        context.load_verify_locations(capath=folder)
    if file:
        _load(context, file, "SSL_CERT_FILE")
    if cacert:
        _load(context, cacert, f"--cacert {cacert}")
    return context


def _usual() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _load(context: ssl.SSLContext, file: str, name: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except OSError as error:  # SSLError is one.
        why = "it holds no certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(f"{name}: {why}: name a file of certificate authorities") from None


@functools.cache
def no_tls() -> ssl.SSLContext:
    """Return a context for plain http only: loading authorities takes tens of milliseconds."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def certificate_problem(error: Exception) -> str | None:
    """Return what is wrong with the server's certificate and what to do, if that is what `error` is about."""
    found = _CERTIFICATE.search(str(error))
    if found is None:
        return None
    why = found[1]
    if "ostname mismatch" in why or "IP address mismatch" in why:
        remedy = "use a host name for which it was issued"
    elif "expired" in why or "not yet valid" in why:
        remedy = "renew it, or correct the clock of this machine"
    else:
        remedy = "name the certificate of its authority with --cacert FILE, or in SSL_CERT_FILE"
    return f"the server's certificate is not accepted ({why}): {remedy}"
