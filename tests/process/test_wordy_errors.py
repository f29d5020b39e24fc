"""Errors that say more than the contract asks for: a number, and what was asked, help and tell nothing."""

from tests.support.room import Room

WORDY = """
import itertools, json, urllib.parse
import uvicorn
from reference_impl.app import create_app
from reference_impl.rules import Rules

BETRAYS = os.environ.get("BETRAYS")
numbers = itertools.count(1)

class Betraying(Rules):
    def refusal_to_revoke(self, *, exists):
        refusal = super().refusal_to_revoke(exists=exists)
        return type(refusal)("there is one, not yours", code=refusal.code) if exists and BETRAYS else refusal

def wordy(app):
    async def served(scope, receive, send):
        asked, status = [], 0

        async def heard():
            asked.append(await receive())
            return asked[-1]

        async def told(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {b"content-length"} if status >= 400 else set()
                message["headers"] = [row for row in message["headers"] if row[0] not in names]
            elif status >= 400:
                error = json.loads(message["body"])
                body = b"".join(each.get("body", b"") for each in asked)
                named = body.decode("utf-8", "replace") if b"Id" in body and b"eyJ" not in body else ""
                error["error"] += f": {scope['path']} {named} (request {next(numbers)})"
                error["path"] = BETRAYS or scope["path"]
                message["body"] = json.dumps(error).encode()
            await send(message)

        await app(scope, heard, told)
    return served

app = wordy(create_app(os.environ, rules=Betraying()))
uvicorn.run(app, port=int(os.environ["PORT"]), lifespan="off", log_level="error")
"""
CLAUSES = ("--clause", "REV-04", "--clause", "SEC-07")


def test_a_service_may_number_its_errors_and_repeat_what_was_asked(room: Room) -> None:
    """Neither tells another org anything, nor does a path that we sent tell of the server's machine."""
    run = room.check(room.script(WORDY), *CLAUSES)
    assert (run.code, run.clauses("pass")) == (0, {"REV-04", "SEC-07"}), run.said


def test_beside_all_its_words_what_it_betrays_is_seen(room: Room) -> None:
    """A number and an echo hide neither a sentence about what is another org's nor a path."""
    run = room.check(room.script(WORDY), *CLAUSES, "--env", "BETRAYS=/srv/relayauth/store.db")
    assert (run.code, run.clauses("fail")) == (1, {"REV-04", "SEC-07"}), run.said
    assert {why.rpartition("; ")[2] for why in run.whys("fail")} >= {
        "it answered 404 (token_not_found), and 404 (token_not_found) for one that never existed, "
        "in other words"
    }
    assert any("holds a path of the server's machine" in why for why in run.whys("fail"))
