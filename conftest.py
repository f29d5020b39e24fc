"""Lets `pytest contract --target ...` work from a checkout."""

pytest_plugins = ["contract.harness.run.plugin"]
