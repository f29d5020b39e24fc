"""The smallest complete service that keeps the token contract of relayauth."""
