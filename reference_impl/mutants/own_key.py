"""Faults in where a deployment verifies what it has minted itself."""

from reference_impl.facts import Carrier
from reference_impl.mutants import Mutant


class RefreshesAskBaseUrl(Mutant):
    """At a refresh keys are looked for at BASE_URL, although the public key is bound."""

    breaks = frozenset({"JWKS-01"})

    def own_key_verifies(self, carrier: Carrier, base_url: str | None) -> bool:
        return carrier != "refresh" or not self.is_set(base_url)


class IntrospectionAsksBaseUrl(Mutant):
    """At an introspection keys are looked for at BASE_URL, although the public key is bound."""

    breaks = frozenset({"JWKS-01"})

    def own_key_verifies(self, carrier: Carrier, base_url: str | None) -> bool:
        return carrier != "introspection" or not self.is_set(base_url)
