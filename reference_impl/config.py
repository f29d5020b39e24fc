"""How a deployment is configured: the environment of wire.md, read once."""

from collections.abc import Mapping
from dataclasses import dataclass

from reference_impl.errors import ConfigError
from reference_impl.keys import PrivateKey, PublicKey


@dataclass(frozen=True)
class Config:
    """The configuration as given; `public` and `base_url` may be blank, which is for the rules to judge."""

    private: PrivateKey
    public: str | None
    base_url: str | None
    database: str

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "Config":
        """Read `env`; raises `ConfigError` if there is no key to sign with, or a key is unusable."""
        pem = env.get("RELAYAUTH_SIGNING_KEY_PEM", "")
        if not pem.strip():
            raise ConfigError(
                "RELAYAUTH_SIGNING_KEY_PEM is not set: it holds the RSA private key, PKCS#8 PEM"
            )
        public = env.get("RELAYAUTH_SIGNING_KEY_PEM_PUBLIC")
        if public and public.strip():
            PublicKey.load(public)
        return cls(
            private=PrivateKey.load(pem),
            public=public,
            base_url=env.get("BASE_URL"),
            database=env.get("RELAYAUTH_DB_PATH", "").strip() or ":memory:",
        )
