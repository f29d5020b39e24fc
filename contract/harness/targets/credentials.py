"""Reads credentials from the variables and files that the caller names."""

import os

from contract.harness.errors import UsageError
from contract.harness.jose import SigningKey
from contract.harness.redaction import Secret
from contract.harness.targets.connections import Access
from contract.harness.targets.pacing import POLITE, per_second


def access_from(
    *,
    api_key_env: str = Access.api_key_env,
    second_api_key_env: str | None = None,
    signing_key: str | None = None,
    allow_http: bool = False,
    rate: str | None = None,
    any_host: bool = False,
    polite: bool = False,
    cacert: str | None = None,
) -> Access:
    """Read the named variables and the key file; `UsageError` for what is empty or unreadable."""
    second = _secret("second api key", second_api_key_env) if second_api_key_env else None
    if second_api_key_env and second is None:
        raise UsageError(f"--second-api-key-env {second_api_key_env}: that variable is not set")
    return Access(
        api_key=_secret("api key", api_key_env),
        api_key_env=api_key_env,
        second_api_key=second,
        second_api_key_env=second_api_key_env,
        signing_key=SigningKey.load(signing_key) if signing_key else None,
        allow_http=allow_http,
        rate=per_second(rate) if rate else POLITE if polite else None,
        any_host=any_host,
        cacert=cacert,
    )


def _secret(kind: str, variable: str) -> Secret | None:
    """Return the credential in `variable`, None if it is not set."""
    text = os.environ.get(variable)
    if text is None:
        return None
    if not text.strip():
        raise UsageError(f"the variable {variable} is empty: put the org API key into it, or unset it")
    if not text.strip().isascii() or any(character.isspace() for character in text.strip()):
        raise UsageError(
            f"the variable {variable} holds no API key: a key is one word of ASCII, such as rak_..."
        )
    return Secret(kind, text.strip())
