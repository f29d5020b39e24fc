"""Starts the command, as `relayauth-contract` or `python -m relayauth_contract`, from the right packages.

The names `contract` and `reference_impl` are common. A repository that has one of its own, together with
`PYTHONPATH=.`, would be imported in place of the suite.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

PACKAGES = ("contract", "reference_impl")
# A checkout and a wheel both keep the three packages side by side.
FOLDER = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the command; exit code 2 and one sentence if Python would import another project's packages."""
    for name in PACKAGES:
        folder = folder_of(name)
        if folder != FOLDER / name:
            _refuse(name, folder)
        # Imported now: a folder that is put on the path later, such as an application's, can't replace it.
        importlib.import_module(name)
    from contract.harness import process
    from contract.harness.cli.main import main as command

    process.command_alone = True
    command(prog_name="relayauth-contract")


def folder_of(name: str) -> Path | None:
    """Return the folder from which Python would import the package `name`; None if there is none."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def _refuse(name: str, folder: Path | None) -> None:
    if folder is None:
        what = f"the package `{name}` is missing from {FOLDER}: install relayauth-contract again"
    else:
        what = (
            f"Python finds another package `{name}`, in {folder}, before the one of relayauth-contract: "
            f"remove {folder.parent} from PYTHONPATH, or run the command from another folder"
        )
    message = what.encode("ascii", "backslashreplace").decode()
    sys.stderr.write(f"relayauth-contract: {message}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
