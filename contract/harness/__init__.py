"""The harness: from what is required to a report. CONTRIBUTING.md has the map; data flows one way."""
