"""Secrets hide themselves, and what is about to be written holds none."""

import base64
import html
import json
import logging
from collections.abc import Callable
from urllib.parse import quote

import pytest

from contract.harness.jose import read_token, run_key
from contract.harness.redaction import (
    Secret,
    fingerprint,
    holds_token,
    plain,
    remember,
    scrub,
    scrub_logs,
    tells,
)
from tests.support.fakes import unsigned

# Put together here, so that no text in the repository has the shape of a credential.
ORG_KEY = "rak" + "_Zm9vYmFy-42"
WORKSPACE_KEY = "relay" + "_ws_Zm9vYmFy"
JWT = unsigned({"sub": "agent_a", "exp": 1})
SHAPES = {
    "an org API key": ORG_KEY,
    "a workspace token": WORKSPACE_KEY,
    "a JWT": JWT,
    "an agent token": f"relay_ag_{JWT}",
    "a path token": f"relay_pa_{JWT}",
    "half a JWT": JWT[:20],
    "a JWT without its signature": JWT.rpartition(".")[0] + ".",
}
SURROUNDINGS = {
    "alone": "{}",
    "a sentence": "it answered {}, and not 401",
    "JSON": '{{"key": "{}"}}',
    "a URL": "https://host/introspect?token={}&x=1",
    "percent": "token%20{}",
    "a line": "first\n{}\nlast",
    "a repr with a newline before": "'first\\n{}'",
    "a name": "my_{}",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("around", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_what_has_the_shape_of_a_credential_is_scrubbed(shape: str, around: str) -> None:
    """Wherever it stands, nothing of its secret part is left, and what stood around it is."""
    scrubbed = scrub(around.format(shape))
    told = shape.removeprefix("relay_ag_").removeprefix("relay_pa_")
    assert told not in scrubbed
    assert told[5:] not in scrubbed
    assert f"<secret {fingerprint(told)}>" in scrubbed
    before, _, after = around.replace("{{", "{").replace("}}", "}").partition("{}")
    assert scrubbed.startswith(before)
    assert scrubbed.endswith(after)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("around", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_what_has_the_shape_of_a_credential_is_told_from_a_random_id(shape: str, around: str) -> None:
    """Wherever it stands; and a token from a key."""
    assert tells(around.format(shape))
    assert holds_token(around.format(shape)) == (JWT[:20] in shape)


@pytest.mark.parametrize(
    "text", ["eyJ0R3vq_Xz1", "aeyJ_-f9Kq0z2", "eyJhb", "rak_x9Zq", "Zrak_0a-", "eyJhbGci.e"]
)
def test_a_random_id_that_begins_like_a_credential_is_none(text: str) -> None:
    """It is hidden all the same, where it is long enough to be one."""
    assert not tells(f'{{"requestId": "{text}"}}')
    assert not holds_token(text)


def test_a_known_secret_is_told_whatever_its_form() -> None:
    """A key of a deployment need not begin like one of relayauth's; nor has a signature alone a form."""
    Secret("api key", "of-no-form-at-all-but-known")
    remember(JWT)
    assert tells("no such key: of-no-form-at-all-but-known")
    assert tells(f"bad signature {JWT.rpartition('.')[2]}")


def test_a_private_key_is_scrubbed_whole() -> None:
    """From its first line to its last; what stands around it stays."""
    scrubbed = scrub(f"before {run_key().private_pem} after")
    assert scrubbed.split("<secret")[0] == "before "
    assert scrubbed.endswith(" after")
    assert "PRIVATE" not in scrubbed


def test_a_private_key_that_was_cut_off_is_scrubbed_to_the_end() -> None:
    """Half a key is a secret, too: without its last line all that follows goes."""
    cut = run_key().private_pem[:200]
    assert scrub(f"its last words: {cut}").startswith("its last words: <secret ")
    assert cut[40:80] not in scrub(cut)


def test_a_key_without_a_shape_is_scrubbed_once_it_is_known() -> None:
    """A deployment may issue keys of another form: what was held as a secret is removed by its text."""
    text = "".join(["an-old", "-fashioned", "-key"])
    assert scrub(f"with {text}") == f"with {text}"
    Secret("api key", text)
    assert scrub(f"with {text}") == f"with <secret {fingerprint(text)}>"


def test_of_two_known_secrets_the_longer_goes_first() -> None:
    """A secret that begins with another one leaves no tail behind."""
    short = "".join(["one", "-secret"])
    remember(short)
    remember(f"{short}-and-its-tail")
    assert "tail" not in scrub(f"{short}-and-its-tail")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "JSON": lambda text: json.dumps(text)[1:-1],
    "HTML": html.escape,
    "a URL": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_known_secret_is_found_in_every_spelling(spell: Callable[[str], str]) -> None:
    """What is written as JSON, XML or a URL, or echoed in base64, is not another secret."""
    odd = remember("".join(['pass"word', "<of>/é&an org"]))
    assert spell(odd) != odd
    scrubbed = scrub(f"before {spell(odd)} after")
    assert spell(odd) not in scrubbed
    assert scrubbed.startswith("before <secret ")
    assert scrubbed.endswith("> after")


def test_a_token_in_base64_is_scrubbed() -> None:
    """A service that echoes it encoded once more tells it all the same."""
    encoded = base64.b64encode(JWT.encode()).decode()
    assert scrub(f"with {encoded}.") == f"with <secret {fingerprint(encoded)}>."


SIGNED = run_key().sign({"sub": "agent_a", "exp": 1})
SIGNATURE = SIGNED.rpartition(".")[2]


@pytest.mark.parametrize(
    "piece", [slice(None), slice(1, None), slice(40, 79), slice(-39, None)], ids=["all", "most", "39", "end"]
)
def test_a_signature_alone_is_scrubbed_once_its_token_was_seen(piece: slice) -> None:
    """It has no shape of its own; any 39 signs of it in a row are enough to know it by."""
    remember(f"relay_ag_{SIGNED}")
    told = f"signature {SIGNATURE[piece]} is wrong"
    assert SIGNATURE[piece] not in scrub(told)
    assert scrub(told).startswith("signature <secret ")
    assert scrub(told).endswith(" is wrong")


def test_a_long_word_that_is_no_signature_stays() -> None:
    """A digest or an id of the same letters is not taken for one."""
    words = f"{'0123456789abcdef' * 4} and tok_{'a1B2-_' * 20}"
    assert scrub(words) == words


def test_a_short_word_is_no_secret() -> None:
    """Else a key of one letter would scrub every sentence of a report."""
    Secret("api key", "key")
    assert scrub("the key of the house") == "the key of the house"


INNOCENT = [
    "the API key lacks relayauth:token:create:*",
    "relay_ag_ and relay_pa_ are prefixes",
    "RELAYAUTH_CONTRACT_API_KEY is refused with 401 (invalid_api_key)",
    "requested 31536000 s; the cap is 7776000 s; exp - iat was 31536000 s",
    "a key is one word of ASCII, such as rak_...",
]


@pytest.mark.parametrize("sentence", INNOCENT, ids=range(len(INNOCENT)))
def test_a_sentence_without_a_secret_stays_as_it_is(sentence: str) -> None:
    """The scrubber takes nothing that a person needs."""
    assert scrub(sentence) == sentence


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{0!r:>40}".format, ascii],
                         ids=["repr", "str", "format", "padded", "ascii"])  # fmt: skip
def test_a_secret_hides_itself(show: object) -> None:
    """However it is turned into text, it is a kind and a fingerprint."""
    assert callable(show)
    displayable = show(Secret("api key", ORG_KEY)).strip()
    assert displayable == f"<api key {fingerprint(ORG_KEY)}>"


def test_a_secret_has_no_attribute_that_a_traceback_would_print() -> None:
    """There is no `__dict__` to be dumped, and `reveal` alone gives the text."""
    secret = Secret("api key", ORG_KEY)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == ORG_KEY


def test_a_token_hides_itself() -> None:
    """Its repr is a fingerprint: neither claims nor text."""
    token = read_token(f"relay_pa_{JWT}")
    assert repr(token) == f"<token {fingerprint(token.text)}>"
    assert repr(token) == str(token) == f"{token}"


def test_two_secrets_are_told_apart_by_their_fingerprints() -> None:
    """Eight hex digits: enough to see that two are not the same one."""
    first, second = repr(Secret("api key", ORG_KEY)), repr(Secret("api key", ORG_KEY + "x"))
    assert first != second


def test_a_signing_key_hides_itself() -> None:
    """Its repr is the head of its public key id."""
    assert repr(run_key()) == f"<signing key {run_key().kid[:8]}>"


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11"])
def test_the_http_clients_log_is_scrubbed(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A URL with a token in its query is logged without it, and with the rest."""
    scrub_logs()
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).info("HTTP Request: GET %s", f"https://host/introspect?token={JWT}")
    assert JWT[:20] not in caplog.text
    assert "https://host/introspect?token=<secret" in caplog.text


STRANGE = {
    "lines": ("a\r\nb", "a b"),
    "an escape": ("a\x1b[2Jb", "a\\x1b[2Jb"),
    "a lone surrogate": ("a\ud800b", "a\\ud800b"),
    "a right-to-left override": ("a\u202eb", "a\\u202eb"),
    "a null": ("a\0b", "a\\x00b"),
    "letters": ("Größe 漢 🙂", "Größe 漢 🙂"),
    "a secret": (f"a {ORG_KEY}", f"a <secret {fingerprint(ORG_KEY)}>"),
}


@pytest.mark.parametrize(("text", "line"), STRANGE.values(), ids=STRANGE)
def test_a_strangers_text_is_made_one_plain_line(text: str, line: str) -> None:
    """What a service says can neither steer a terminal nor break the writing of a report."""
    assert plain(text) == line
    assert plain(text).encode()
