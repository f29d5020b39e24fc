"""The routes of wire.md, a module for each family."""
