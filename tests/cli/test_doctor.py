"""`doctor`: what is wrong, and what to do about it."""

import json
import os

from pandaprobe_proxy.app.trust import certificate, trust_variables
from pandaprobe_proxy.settings import Settings
from records import START_NS, make_record


def check(terminal, name, **more):
    (found,) = [item for item in findings(terminal, **more) if item["check"] == name]
    return found["state"], found["text"]


def findings(terminal, **more):
    return json.loads(terminal.run("doctor", "--json", **more).stdout)


def test_without_a_sidecar_it_says_how_to_start_one(terminal):
    state, text = check(terminal, "sidecar")
    assert (state, "`pandaprobe-proxy serve` starts one" in text) == ("warning", True)
    assert terminal.run("doctor").exit_code == 0
    assert terminal.run("doctor", "--quick").exit_code == 1


def test_where_sessions_came_from_is_counted(terminal, place):
    place.put(make_record(), make_record(session=None), make_record())
    state, text = check(terminal, "sources")
    assert (state, text.startswith("of the last 3 calls: default_new 33 %, header 66 %")) == ("ok", True)


def test_calls_by_default_are_told_with_the_reason_and_an_example(terminal, place):
    hello, bye = {"role": "user", "content": "hello"}, {"role": "user", "content": "bye"}
    twins = place.put(make_record([hello], "hi", session=None), make_record([hello], "hi", session=None))
    answered = [hello, {"role": "assistant", "content": "hi"}, bye]
    (unsure,) = place.put(make_record(answered, session=None, at_ns=START_NS + 10**10))
    (unknown,) = place.put(make_record([bye, *answered[1:]], session=None, at_ns=START_NS + 10**10))
    (bad,) = place.put(make_record(session=" "))
    (other,) = place.put(make_record(session=None, path="/v1/none"))
    texts = [item["text"] for item in findings(terminal) if item["check"] == "default"]
    told = [("is no call", other), ("session id is none", bad), ("never recorded", unknown), ("several", unsure)]
    told.append(("begins a conversation", twins[1]))
    assert len(texts) == 5
    for text, (why, record) in zip(texts, told, strict=True):
        assert why in text and record.opened.id in text
    assert texts[-1].startswith("2 by default")


def test_trust_is_told_only_where_somebody_was_ever_intercepted_and_by_handshakes(terminal, place):
    assert not [item for item in findings(terminal) if item["check"] == "trust"]
    certificate(Settings(data_dir=place.path.parent))
    without = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"))
    told = [item for item in findings(terminal, env=without) if item["check"] == "trust"]
    assert {item["state"] for item in told} == {"warning"}
    assert "Python does not trust" in told[0]["text"] and "set SSL_CERT_FILE as" in told[0]["text"]
    variables = trust_variables(Settings(data_dir=place.path.parent), {})
    told = [item for item in findings(terminal, env=variables) if item["check"] == "trust"]
    assert {item["state"] for item in told} == {"ok"}
    (place.path.parent / "ca" / "pandaprobe-ca.pem").write_text("x")
    assert check(terminal, "trust")[0] == "problem"


def test_a_base_url_that_leads_elsewhere_is_told(terminal):
    state, text = check(terminal, "environment", env={"OPENAI_BASE_URL": "https://api.openai.com/v1"})
    assert (state, text.startswith("OPENAI_BASE_URL does not point at the sidecar")) == ("warning", True)


def test_a_directory_that_others_can_look_into_is_told(terminal, place):
    os.chmod(place.path.parent, 0o755)
    state, text = check(terminal, "directory")
    assert (state, "chmod 700" in text) == ("warning", True)


def test_the_shim_is_told_from_the_official_sdk(terminal):
    state, text = check(terminal, "shim")
    assert (state, "pandaprobe-shim" in text) == ("ok", True)


def test_for_people_it_is_a_list_of_marks(terminal, place):
    place.put(make_record())
    shown = terminal.out("doctor")
    assert "! sidecar" in shown and "✓ store" in shown
