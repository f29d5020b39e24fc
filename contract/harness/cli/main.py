"""The command `relayauth-contract`."""

import click

from contract.harness.cli.commands import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="relayauth-contract", message="%(prog)s %(version)s")
def main() -> None:
    """Test whether a deployment of relayauth keeps the token contract."""


if __name__ == "__main__":
    main()
