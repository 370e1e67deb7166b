"""Redaction: no canary survives, in whatever place or form, and nothing else is touched."""

import base64
import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.capture.redact import Redactor, _search, _search_fields, find_credentials
from pandaprobe_proxy.capture.redact_rules import ESCAPED_FIELD, FIELD, SHAPES

CANARY = "sk-canary-0123456789abcdefABCDEF"
KEYS = [
    CANARY,
    "sk-proj-0123456789abcdefghij_KLMNOPQRST-uvw",
    "sk-ant-api03-0123456789abcdefghijKLMNOPQRST",
    "sk-or-v1-0123456789abcdef0123456789abcdef",
    "sk_pp_" + "0123456789abcdef" * 4,
    "sk_live_0123456789abcdefghij",
    "AKIAABCDEFGHIJKLMNOP",
    "AIza" + "a1" * 17 + "b",
    "ya29.a0123456789abcdefghij",
    "ghp_" + "a1" * 18,
    "github_pat_" + "a1" * 22,
    "glpat-0123456789abcdefghij",
    "xoxb-0123456789-abcdefghij",
    "hf_" + "a1" * 17,
    "gsk_" + "a1" * 20,
    "xai-" + "a1" * 20,
    "pplx-" + "a1" * 20,
    "r8_" + "a1" * 18,
    "npm_" + "a1" * 18,
    "pypi-" + "a1" * 30,
    "SG.0123456789abcdefgh.0123456789abcdefgh",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc=\n-----END RSA PRIVATE KEY-----",
]


@pytest.fixture
def redactor():
    return Redactor(b"k" * 32)


@pytest.mark.parametrize("key", KEYS)
def test_the_shape_of_a_key_is_known_wherever_it_stands(redactor, key):
    for text in (key, f"my key is {key}.", json.dumps({"content": f"use {key}, please"}), f"https://h/p?x={key}&y=1"):
        result = redactor.body(text.encode())
        assert result.count == 1, text
        assert key.encode() not in result.data
        assert b"[redacted:" in result.data


@pytest.mark.parametrize(
    "text",
    [
        "a task-specific-and-very-long-word here",
        "the risk-assessment-of-everything-there",
        '{"max_tokens": 4096, "token_type": "word"}',
        '{"properties": {"password": {"type": "string"}}}',
        '{"author": "somebody", "authors": "others", "keyword": "value"}',
        "sk-short",
        "https://example.org/a:b@c",
        "I lost my cookie: it was tasty",
    ],
)
def test_what_is_no_secret_is_not_touched(redactor, text):
    assert redactor.body(text.encode()).count == 0
    assert redactor.body(text.encode()).data == text.encode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('{"api_key": "abcd1234"}', "abcd1234"),
        ('{"apiKey":"abcd1234"}', "abcd1234"),
        ('{"OPENAI_API_KEY" : "abcd1234"}', "abcd1234"),
        ('{"headers":{"Authorization": "Basic dXNlcg=="}}', "dXNlcg=="),
        ('{"arguments":"{\\"password\\": \\"hunter22\\"}"}', "hunter22"),
        ('{"a":"{\\\\\\"client_secret\\\\\\": \\\\\\"hunter22\\\\\\"}"}', "hunter22"),
        ('{"password": "with \\"quotes\\" inside"}', "quotes"),
        ("proxy is http://user:hunter22@host:8080/", "hunter22"),
        ("Authorization: Bearer abcdefghijklmnop1234", "abcdefghijklmnop1234"),
    ],
)
def test_a_named_secret_is_taken_out(redactor, text, secret):
    result = redactor.body(text.encode())
    assert result.count >= 1
    assert secret.encode() not in result.data


@given(st.dictionaries(st.sampled_from(["api_key", "password", "content", "x"]), st.text(min_size=4), max_size=4))
def test_json_stays_json(value):
    data = Redactor(b"k" * 32).body(json.dumps(value, ensure_ascii=False).encode()).data
    assert json.loads(data).keys() == value.keys()


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(KEYS))
def test_redacting_twice_is_redacting_once(before, after, key):
    redactor = Redactor(b"k" * 32)
    once = redactor.body(f"{before} {key} {after}".encode()).data
    assert redactor.body(once).data == once


@given(st.text(alphabet='abcXYZ019_-/+="\\', min_size=8, max_size=40), st.text(max_size=30))
def test_a_known_credential_is_found_whatever_its_shape(secret, around):
    redactor = Redactor(b"k" * 32)
    body = json.dumps({"echo": f"{around} {secret}"}).encode()
    data = redactor.body(body, (secret.encode(),)).data
    assert json.dumps(secret).encode()[1:-1] not in data


def test_equal_secrets_share_a_fingerprint_under_one_key_only(redactor):
    first, second = (redactor.body(CANARY.encode()).data for _ in range(2))
    assert first == second
    assert Redactor(b"other" * 8).body(CANARY.encode()).data != first
    assert re.fullmatch(rb"\[redacted:api_key:[0-9a-f]{8}\]", first)


def test_headers_are_kept_by_an_allow_list_only(redactor):
    headers = (
        (b"Authorization", f"Bearer {CANARY}".encode()),
        (b"X-Api-Key", b"anything"),
        (b"Cookie", b"a=b"),
        (b"X-Unknown", b"who knows"),
        (b"Content-Type", b"application/json"),
        (b"x-ratelimit-limit-requests", b"10"),
        (b"X-PandaProbe-Session", b"s-1"),
        (b"Location", f"https://h/x?key={CANARY}&z=1".encode()),
        (b"User-Agent", f"agent {CANARY}".encode()),
    )
    kept = dict(redactor.headers(headers))
    assert CANARY not in str(kept)
    assert kept["Authorization"].startswith(f"[redacted, {len(CANARY) + 7} chars, fp=")
    assert kept["X-Unknown"].startswith("[redacted, 9 chars, fp=")
    assert (kept["Content-Type"], kept["X-PandaProbe-Session"]) == ("application/json", "s-1")
    assert kept["Location"].endswith("&z=1")
    assert list(kept) == [name.decode() for name, _ in headers]


def test_secret_parameters_of_a_query_are_taken_out_and_others_kept(redactor):
    assert redactor.url(b"/v1beta/models/m:generateContent?alt=sse&key=short&b").startswith(
        "/v1beta/models/m:generateContent?alt=sse&key=[redacted:query:"
    )
    assert redactor.url(b"/v1/files?purpose=x") == "/v1/files?purpose=x"


def test_credentials_are_header_values_with_and_without_scheme_and_query_keys():
    headers = ((b"authorization", b"Bearer abcdefgh"), (b"x-api-key", b"12345678"), (b"cookie", b"s"))
    assert find_credentials(headers, b"/x?key=querykey1&a=b") == (
        b"Bearer abcdefgh",
        b"querykey1",
        b"12345678",
        b"abcdefgh",
    ) or set(find_credentials(headers, b"/x?key=querykey1&a=b")) == {
        b"Bearer abcdefgh",
        b"querykey1",
        b"12345678",
        b"abcdefgh",
    }


ODD = b"odd.value~of/no.shape"


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        (((b"X-Custom-Api-Key", ODD),), b"/"),
        (((b"Helicone-Auth", b"Bearer " + ODD),), b"/"),
        (((b"cf-aig-authorization", b"Bearer " + ODD),), b"/"),
        (((b"X-Amz-Security-Token", ODD),), b"/"),
        (((b"Ocp-Apim-Subscription-Key", ODD),), b"/"),
        (((b"Authorization", b"Basic " + base64.b64encode(b"user:" + ODD)),), b"/"),
        (((b"Sec-WebSocket-Protocol", b"realtime, openai-insecure-api-key." + ODD + b", v1"),), b"/"),
        ((), b"/x?a=b&key=" + ODD.replace(b"/", b"%2F")),
        ((), b"/x?client_secret=" + ODD),
        ((), b"/x?X-Amz-Security-Token=" + ODD),
    ],
)
def test_whatever_a_request_authenticates_with_is_known_and_kept_nowhere(redactor, headers, target):
    known = find_credentials(headers, target)
    echoed = redactor.body(b'{"error": "the key ' + ODD + b' is wrong"}', known).data
    kept = f"{redactor.headers(headers, known)} {redactor.url(target, known)}".encode()
    for secret in (ODD, ODD.replace(b"/", b"%2F")):
        assert secret not in echoed + kept


@pytest.mark.parametrize("name", [b"Idempotency-Key", b"Sec-WebSocket-Key", b"X-Author", b"X-Max-Tokens", b"Keyboard"])
def test_a_header_whose_name_only_sounds_so_is_no_credential(name):
    assert find_credentials(((name, b"123456789abc"),)) == ()


def test_own_patterns_are_applied_too():
    redactor = Redactor(b"k" * 32, ["ACME-[0-9]{4}"])
    assert redactor.body(b"badge ACME-1234").data.startswith(b"badge [redacted:custom:")


def test_json_values_are_redacted_by_name_and_shape_at_any_depth(redactor):
    value = {"a": [{"api_key": "abcd", "n": 1, "ok": None}, f"text {CANARY}"], "password": ["not a string"]}
    clean = redactor.json(value)
    assert clean["a"][0]["api_key"].startswith("[redacted:field:")
    assert clean["a"][0]["n"] == 1
    assert CANARY not in str(clean)
    assert clean["password"] == ["not a string"]


def test_find_tells_what_body_would_take_out(redactor):
    text = f'{CANARY} {{"password": "hunter22"}} known-one'.encode()
    assert set(redactor.find(text, (b"known-one",))) == {CANARY.encode(), b"hunter22", b"known-one"}
    assert redactor.find(redactor.body(text, (b"known-one",)).data, (b"known-one",)) == []


SCRAPS = [
    *(shape.anchor for shape in SHAPES),
    *(
        b'"',
        b"\\",
        b'\\"',
        b":",
        b" ",
        b'": "',
        b'\\":\\"',
        b"\n",
        b".",
        b"-",
        b"@",
        b"x",
        b"abcd",
        b"a" * 20,
        b"A" * 16,
    ),
    *(
        b"api_key",
        b"apikeys",
        b"access_token",
        b"secretaccesskey",
        b"passphrase",
        b"authorization",
        b"cookie",
        b"tokens",
    ),
    *(b"PRIVATE KEY-----", b"-----END ", b"b" * 36),
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(SCRAPS), min_size=2, max_size=14).map(b"".join))
def test_looking_from_anchor_to_anchor_finds_what_the_pattern_finds(text):
    for shape in SHAPES:
        found = [match.span() for match in _search(shape, text)]
        whole = [match for match in shape.pattern.finditer(text) if match.groupdict(b"").get("whole", b"x")]
        assert found == [match.span() for match in whole]
    lower = text.lower()
    for pattern in (FIELD, ESCAPED_FIELD):
        found = _search_fields(lower, (pattern,))
        assert found == [match.span("value") for match in pattern.finditer(lower)]


def test_megabytes_of_prose_are_searched_in_linear_time(redactor):
    data = b'"key": "secret" and -----BEGIN of a long story, eyJ sk- ' * 20_000
    assert redactor.body(data).data == data


@pytest.mark.parametrize("anchor", [b"eyJ", b"-eyJ", b"-----BEGIN PRIVATE KEY-----", b'"token":"', b"://a:", b"SG.a"])
def test_what_almost_begins_a_secret_again_and_again_is_searched_in_linear_time(redactor, anchor):
    data = anchor * (400_000 // len(anchor))
    started = time.process_time()
    redactor.body(data)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        b"eyJ" * 60_000,
        b"eyJ-" * 60_000,
        b"eyJaaaaaaaa.eyJbbbbbbbb." * 8_000,
        b"-----BEGIN PRIVATE KEY-----" * 8_000,
        (b"-----BEGIN RSA PRIVATE KEY-----" + b"MIIE" * 60) * 800,
        (b"://" + b"a" * 250 + b":" + b"b" * 250) * 400,
        b'"api_key' + b"\\" * 200_000,
        b'"secret": "' + b"\\a" * 100_000,
        b'"secret' + b'"' + b" " * 200_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_text_that_is_made_to_be_slow_is_not(redactor, text):
    begin = time.process_time()
    redactor.body(text)
    redactor.find(text)
    assert time.process_time() - begin < 1  # what was quadratic took minutes


def test_a_token_in_a_run_of_beginnings_is_found(redactor):
    token = next(key for key in KEYS if key.startswith("eyJ")).encode()
    for before in (b"eyJ-", b"xeyJ-", b"eyJaaaaaaaa.", b"eyJaaaaaaaa-"):
        assert token.split(b".")[1] not in redactor.body(before + token).data


def test_the_token_of_an_mcp_server_is_a_secret_whatever_its_shape(redactor):
    asked = b'{"mcp_servers":[{"type":"url","url":"https://x","authorization_token":"plain words 42"}]}'
    assert b"plain words" not in redactor.body(asked).data
