"""The token contract of relayauth, and its trial."""
