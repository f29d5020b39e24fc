"""The judge of a blind mutation: the contract alone, run on the reference of the folder it is started in.

`python -m tests.mutation.judge` ends as `relayauth-contract check` does, and its last line is JSON:
`{"exit": 0 | 1 | 2, "failed": [ID of a must that failed]}`. Without that line the reference could not even
be imported.
"""

import json
import sys
from pathlib import Path

REPORT = Path("verdict.json")


def judge() -> int:
    """Run the contract, say what it found, and return its exit code."""
    import reference_impl.app  # noqa: F401 - nobody deploys what can't be imported
    from contract.harness.cli.main import main

    REPORT.unlink(missing_ok=True)
    code = 0
    try:
        main(["check", "--json", str(REPORT)])
    except SystemExit as end:
        code = int(end.code or 0)
    rows = json.loads(REPORT.read_text())["targets"][0]["results"] if REPORT.exists() else []
    failed = sorted({row["clause"] for row in rows if (row["outcome"], row["level"]) == ("fail", "must")})
    print(f"\n{json.dumps({'exit': code, 'failed': failed})}")
    return code


if __name__ == "__main__":
    sys.exit(judge())
