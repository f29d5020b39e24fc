"""Lets `pytest contract --target ...` work from a checkout."""

from importlib.util import find_spec

pytest_plugins = ["contract.harness.plugin"] if find_spec("contract.harness.plugin") else []
