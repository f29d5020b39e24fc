"""Reports: each a pure function of verdicts."""
