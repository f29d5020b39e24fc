"""Faults in where a verifier finds its keys, and in what is published."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from reference_impl.mutants import Mutant
from reference_impl.rules import DEFAULT_JWKS_ORIGIN, JWKS_PATH


class BaseUrlBeatsTheBoundKeyUnlessLocal(Mutant):
    """An https BASE_URL is requested although the public key is bound."""

    breaks = frozenset({"JWKS-01"})

    def bound_key_counts(self, public: str | None, base_url: str | None) -> bool:
        return self.is_set(public) and not str(base_url).startswith("https:")


class UnknownKidsAreLookedUp(Mutant):
    """A kid other than that of the bound key is looked up at BASE_URL."""

    breaks = frozenset({"JWKS-02", "JWKS-03", "JWKS-06", "SEC-03"})

    def bound_key_suffices(self) -> bool:
        return False


class BlankIsSet(Mutant):
    """White space counts as a value."""

    breaks = frozenset({"JWKS-05", "JWKS-06"})

    def is_set(self, value: str | None) -> bool:
        return bool(value)


class ABlankBaseUrlUnbindsTheKey(Mutant):
    """With a BASE_URL of white space the bound public key does not count."""

    breaks = frozenset({"JWKS-06"})

    def bound_key_counts(self, public: str | None, base_url: str | None) -> bool:
        blank = base_url is not None and not base_url.strip()
        return super().bound_key_counts(public, base_url) and not blank


class WholeBaseUrlIsUsed(Mutant):
    """The JWKS is requested below the path of BASE_URL."""

    breaks = frozenset({"JWKS-04"})

    def jwks_url(self, base_url: str | None) -> str:
        if not self.is_set(base_url):
            return super().jwks_url(base_url)
        parts = urlsplit(str(base_url).strip())
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{JWKS_PATH}"


class BaseUrlIsIgnored(Mutant):
    """Without a public key the loopback default is requested, whatever BASE_URL says."""

    breaks = frozenset({"JWKS-04", "JWKS-06", "JWKS-07"})

    def jwks_url(self, base_url: str | None) -> str:
        return DEFAULT_JWKS_ORIGIN + JWKS_PATH


class AnotherDefault(Mutant):
    """The loopback default is on port 8080."""

    breaks = frozenset({"JWKS-05", "JWKS-06"})

    def jwks_url(self, base_url: str | None) -> str:
        return super().jwks_url(base_url).replace(":8787/", ":8080/")


class AnotherWellKnownName(Mutant):
    """The JWKS is requested as /jwks.json."""

    breaks = frozenset({"JWKS-04", "JWKS-05", "JWKS-06"})

    def jwks_url(self, base_url: str | None) -> str:
        return super().jwks_url(base_url).replace("/.well-known/", "/")


class FallsBackToTheDefault(Mutant):
    """When BASE_URL gives no keys, the loopback default is requested."""

    breaks = frozenset({"JWKS-07"})

    def fallback_urls(self, url: str) -> Collection[str]:
        return (DEFAULT_JWKS_ORIGIN + JWKS_PATH,)


class NoKeysNoCheck(Mutant):
    """When no key can be found, a bearer passes unverified."""

    breaks = frozenset({"JWKS-03", "JWKS-07", "SEC-02", "SEC-03", "SEC-04", "SEC-11"})

    def unverified_passes(self, *, no_keys: bool) -> bool:
        return no_keys


class AnyStatusWillDo(Mutant):
    """Keys are read from an error page."""

    breaks = frozenset({"JWKS-07"})

    def accepts_jwks(self, status: int, location: str | None) -> bool:
        return status < 300 or status >= 400


class PatienceOfAMinute(Mutant):
    """A JWKS that does not answer is waited for for half a minute."""

    breaks = frozenset({"JWKS-07"})

    def jwks_time_out(self) -> float:
        return 30.0


class OnlyTheFirstKeyCounts(Mutant):
    """Of a set of several keys the first is used."""

    breaks = frozenset({"JWKS-04", "JWKS-10"})

    def considered(self, rows: Sequence[Any]) -> Sequence[Any]:
        return rows[:1]


class OnlyTheLastKeyCounts(Mutant):
    """Of a set of several keys the last is used: newer keys are put at the end."""

    breaks = frozenset({"JWKS-04", "JWKS-10"})

    def considered(self, rows: Sequence[Any]) -> Sequence[Any]:
        return rows[-1:]


class TheEncryptionKeyIsUsed(Mutant):
    """Where a set holds a key for encryption, signatures are verified with it."""

    breaks = frozenset({"JWKS-04", "JWKS-10"})

    def considered(self, rows: Sequence[Any]) -> Sequence[Any]:
        return [row for row in rows if row.get("use") == "enc"] or rows


class AKeyOfAnotherTypeEndsTheFetch(Mutant):
    """A set with a key that is not RSA can't be read at all."""

    breaks = frozenset({"JWKS-04", "JWKS-10"})

    def considered(self, rows: Sequence[Any]) -> Sequence[Any]:
        if any(row.get("kty") != "RSA" for row in rows):
            raise ValueError("not an RSA key")
        return rows


class AKeyOfAnotherTypeCrashesTheVerifier(Mutant):
    """A key without a modulus raises an error that is not caught."""

    breaks = frozenset({"JWKS-04", "JWKS-10"})

    def understands_key(self, jwk: Mapping[str, Any]) -> bool:
        if "n" not in jwk:
            raise RuntimeError("a key has no modulus")
        return super().understands_key(jwk)


class RedirectsAreFollowed(Mutant):
    """A redirect from the JWKS address is followed."""

    breaks = frozenset({"JWKS-11"})

    def follows_redirects(self) -> bool:
        return True


class KeysAreFetchedOnce(Mutant):
    """The JWKS is requested once after a start, whether it was there or not."""

    breaks = frozenset({"JWKS-10"})

    def jwks_rest(self) -> float:
        return float("inf")


class KeysAreFetchedOnceAnHour(Mutant):
    """The JWKS is requested once an hour, whatever kid is presented."""

    breaks = frozenset({"JWKS-10"})

    def jwks_rest(self) -> float:
        return 3600.0


class PublishesNothing(Mutant):
    """The published set is empty although the key is bound."""

    breaks = frozenset({"JWKS-09"})

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        return None


class PublishesAPrivateMember(Mutant):
    """The published key has a member d."""

    breaks = frozenset({"JWKS-09"})

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        return {**jwk, "d": jwk["e"]}


class PublishesAnotherKid(Mutant):
    """The published kid is a name, not the thumbprint."""

    breaks = frozenset({"JWKS-09"})

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        return {**jwk, "kid": "main"}


class PublishesAPrivateMemberOfTheFactors(Mutant):
    """The published key has the members p and q."""

    breaks = frozenset({"JWKS-09"})

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        return {**jwk, "p": jwk["e"], "q": jwk["e"]}


class PublishesTheKeyForEncryption(Mutant):
    """The published key says that it is for encryption."""

    breaks = frozenset({"JWKS-09"})

    def published(self, jwk: Mapping[str, str]) -> Mapping[str, str] | None:
        return {**jwk, "use": "enc", "alg": "RSA-OAEP-256"}


class BearersMustBeForTheApi(Mutant):
    """A bearer that was minted for another plane is refused."""

    breaks = frozenset({"JWKS-08"})

    def is_for_us(self, audience: Any) -> bool:
        return super().is_for_us(audience) and "relayauth" in audience
