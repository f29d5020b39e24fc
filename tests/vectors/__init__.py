"""The hostile tokens made out of a fixed key, so that any verifier can be held to them."""
