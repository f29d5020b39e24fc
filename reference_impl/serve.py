"""`serve`: the reference on a socket, configured by flags and by the environment of wire.md."""

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from reference_impl.errors import ConfigError

# As the examples of openapi.yaml have them.
ORG, WORKSPACE, IDENTITY = "org_example", "ws_example", "agent_example"
ALL = ["*:*:*:*"]
KEY_VARIABLE = "RELAYAUTH_CONTRACT_API_KEY"
HOW_TO_GET_A_KEY = "its API key is the one it was given, or use --ready-file to be told the one it made"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: a free one.  [default: $PORT, else 8787]")
@click.option("--db", metavar="FILE", help="SQLite file.  [default: $RELAYAUTH_DB_PATH, else in memory]")
@click.option(
    "--signing-key", metavar="FILE", help="RSA private key, PEM.  [default: from the environment, else made]"
)
@click.option("--api-key-env", metavar="NAME", default=KEY_VARIABLE, show_default=True,
              help="The variable with the org API key to accept; made if unset.")  # fmt: skip
@click.option("--ready-file", metavar="FILE", help="Written, mode 600, when connections are accepted.")
def serve(
    host: str,
    port: int | None,
    db: str | None,
    signing_key: str | None,
    api_key_env: str,
    ready_file: str | None,
) -> None:
    """Run the reference on a socket.

    Flags win over the environment: PORT, BASE_URL, RELAYAUTH_SIGNING_KEY_PEM,
    RELAYAUTH_SIGNING_KEY_PEM_PUBLIC and RELAYAUTH_DB_PATH. The ready file is
    JSON: url, pid, apiKey (an org API key), workspaceToken, orgId, workspaceId,
    identityId.
    """
    try:
        env = _environment(db, signing_key)
        _run(env, host, _port(port), _api_key(api_key_env), ready_file)
    except ConfigError as error:
        click.echo(f"serve: {error}", err=True)
        sys.exit(2)


def _environment(db: str | None, signing_key: str | None) -> dict[str, str]:
    env = dict(os.environ)
    if db is not None:
        env["RELAYAUTH_DB_PATH"] = db
    if signing_key is not None:
        try:
            pem = Path(signing_key).read_text("ascii")
        except OSError as error:
            raise ConfigError(f"--signing-key {signing_key}: can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"--signing-key {signing_key}: is no PEM") from None
        return env | _pair(pem)
    if not env.get("RELAYAUTH_SIGNING_KEY_PEM", "").strip():
        return env | _pair(None)
    return env


def _pair(pem: str | None) -> dict[str, str]:
    """Return both key variables: of the private key given, or of one that is made now."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    from reference_impl.keys import PrivateKey

    if pem is None:
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    public = PrivateKey.load(pem).public.key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {"RELAYAUTH_SIGNING_KEY_PEM": pem, "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": public.decode()}


def _port(port: int | None) -> int:
    if port is not None:
        return port
    given = os.environ.get("PORT", "").strip() or "8787"
    if not (given.isascii() and given.isdigit()) or int(given) > 65535:
        raise ConfigError(f"PORT is {given!r}: it must be a number from 0 to 65535")
    return int(given)


def _api_key(variable: str) -> str:
    given = os.environ.get(variable)
    if given is None:
        return f"rak_{secrets.token_urlsafe(32)}"
    if not given.strip().startswith("rak_"):
        raise ConfigError(f"the variable {variable} holds no org API key: one begins with rak_")
    return given.strip()


def _run(env: dict[str, str], host: str, port: int, api_key: str, ready_file: str | None) -> None:
    import uvicorn

    from reference_impl import clock
    from reference_impl.app import create_app
    from reference_impl.routes.keys import make

    app = create_app(env)
    service = app.state.service
    with service.store.transaction():  # another process on the same file may be at the same point
        known = service.store.key_by_secret(api_key)
        if known is None:
            make(service, ORG, "api_key", "serve", ALL, None, clock.now(), api_key)
        workspace_token = f"relay_ws_{secrets.token_urlsafe(32)}"
        make(service, ORG, "workspace_token", "serve", ALL, WORKSPACE, clock.now(), workspace_token)
        service.store.add_identity(_identity(clock.iso(clock.now())))
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise ConfigError(f"can't listen on {host}:{port}: {error.strerror}: choose another --port") from None
    with listener:
        # Connections inherit it. asyncio sets it on sockets that name their protocol: not this one.
        # Without it each answer waits 40 ms for the acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        keys = {"apiKey": api_key, "workspaceToken": workspace_token}
        ids = {"orgId": ORG, "workspaceId": WORKSPACE, "identityId": IDENTITY}
        server = _Server(config, {"url": url, **keys, **ids}, ready_file)
        server.run(sockets=[listener])


def _identity(now: str) -> dict[str, Any]:
    """Return an identity with all scopes; one of its name that is there already stays as it is."""
    return {
        "id": IDENTITY,
        "org": ORG,
        "name": "example",
        "type": "agent",
        "workspace": WORKSPACE,
        "sponsor": "user_example",
        "chain": ["user_example"],
        "scopes": ALL,
        "status": "active",
        "roles": [],
        "metadata": {},
        "created_at": now,
        "updated_at": now,
    }


class _Server:
    """uvicorn, which says when it accepts connections, and ends quietly on SIGINT and SIGTERM."""

    def __init__(self, config: Any, told: Mapping[str, str], ready_file: str | None) -> None:
        import uvicorn

        outer = self

        class Server(uvicorn.Server):
            """Announces itself once it has started; ends if it can't."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                if not self.should_exit:
                    outer.announce()

            async def main_loop(self) -> None:
                # uvicorn shuts the application down after this, and does not after a startup that failed.
                if outer.failed is None:
                    await super().main_loop()

        self._server = Server(config)
        self._told, self._ready_file = told, ready_file
        self.failed: ConfigError | None = None

    def announce(self) -> None:
        """Write the ready file, whole and readable by its owner alone, and say where we are."""
        try:
            self._write()
        except OSError as error:
            self.failed = ConfigError(f"--ready-file {self._ready_file}: can't be written: {error.strerror}")
            return
        key = f"its API key is in {self._ready_file}" if self._ready_file else HOW_TO_GET_A_KEY
        click.echo(f"relayauth reference: listening on {self._told['url']}; {key}")
        sys.stdout.flush()

    def _write(self) -> None:
        if not self._ready_file:
            return
        fresh = Path(f"{self._ready_file}.new")
        body = json.dumps({**self._told, "pid": os.getpid()})
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(body + "\n")
        fresh.replace(self._ready_file)

    def run(self, sockets: list[socket.socket]) -> None:
        """Serve until told to end; `ConfigError` if the ready file can't be written."""
        # uvicorn raises the signal again after its shutdown; a server that was told to end has not failed.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        with contextlib.suppress(KeyboardInterrupt):
            self._server.run(sockets=sockets)
        if self.failed is not None:
            raise self.failed
