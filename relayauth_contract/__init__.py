"""The entry point of the command; the suite is in `contract`, the bundled server in `reference_impl`."""
