"""`calls`: list, show, and the very bytes."""

import json
from base64 import b64encode
from dataclasses import replace

import held
from connections import connection
from held import asking, fetching
from pandaprobe_proxy.capture.keep import Policy, Sizes
from pandaprobe_proxy.cli.calls import tokens_of
from pandaprobe_proxy.dialects import registry
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.pricing.price import Prices
from records import START_NS, make_exchange, make_keeper, make_record


def test_the_list_is_newest_first_and_of_a_session_oldest_first(terminal, place):
    made = place.put(*(make_record(at_ns=START_NS + i * 10**9, session=f"s{i % 2}") for i in range(4)))
    ids = [record.opened.id for record in made]
    assert [item["call_id"] for item in terminal.json("calls", "ls")["items"]] == ids[::-1]
    assert [item["call_id"] for item in terminal.json("calls", "ls", "--session", "s1")["items"]] == ids[1::2]
    assert ids[3] in terminal.out("calls", "ls", "-n", "1").splitlines()[1]


def test_a_call_is_shown_whole(terminal, place):
    tools = [{"type": "function", "function": {"name": "look"}}]
    (record,) = place.put(make_record([{"role": "user", "content": "hi"}], "hello", tools=tools))
    shown = terminal.out("calls", "show", record.opened.id[:-2])
    for text in (
        "session s-1 (header, confidence 1)",
        "POST https://api/v1/chat",
        "hi",
        "hello",
        "tool: ",
        "times: sent",
    ):
        assert text in shown
    whole = terminal.json("calls", "show", record.opened.id)
    assert whole["call"]["output"][0]["content"] == "hello"


def test_bodies_are_written_byte_for_byte(terminal, place):
    exchange = make_exchange([{"role": "user", "content": "hü"}])
    keeper = make_keeper()
    sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
    place.put(keeper.finish(keeper.begin(exchange.head), exchange, sizes))
    assert terminal.run("calls", "show", exchange.id, "--request").stdout_bytes == exchange.request_body
    assert terminal.run("calls", "show", exchange.id, "--response").stdout_bytes == exchange.response_body


def test_a_body_that_was_not_kept_says_why(terminal, place):
    (record,) = place.put(make_record(keeper=make_keeper(Policy(capture="metadata"))))
    assert "was not kept (metadata)" in terminal.fails("calls", "show", record.opened.id, "--request")[1]


def test_what_was_taken_out_of_a_body_is_said(terminal, place):
    (record,) = place.put(
        make_record([{"role": "user", "content": "sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789"}])
    )
    result = terminal.run("calls", "show", record.opened.id, "--request")
    assert "secrets were taken out" in result.stderr
    assert b"sk-proj-0123456789" not in result.stdout_bytes
    json.loads(result.stdout_bytes)


def test_trouble_is_shown(terminal, place):
    (record,) = place.put(make_record(outcome=Outcome.UPSTREAM_RESET, headers=((b"X-PandaProbe-Capture", b"?"),)))
    shown = terminal.out("calls", "show", record.opened.id)
    assert "! upstream_reset: it failed" in shown
    assert "! X-PandaProbe-Capture was ignored" in shown


def test_what_is_not_there_or_not_clear_is_told(terminal, place):
    place.put(make_record(), make_record())
    assert "there is no call 'zz'; `pandaprobe-proxy calls ls` lists them" in terminal.fails("calls", "show", "zz")[1]
    assert "give more of it" in terminal.fails("calls", "show", "018")[1]


def test_tokens_say_how_they_are_known(place):
    place.put(make_record())
    (row,) = place.reader().calls(1)
    assert tokens_of(row) == "10 → 5"


def test_what_a_call_cost_is_shown_with_its_parts_or_as_unknown(terminal, place):
    priced, unknown = place.put(make_record(model="gpt-4o", keeper=make_keeper(pricing=Prices().price)), make_record())
    listed = terminal.out("calls", "ls")
    assert "10 → 5  $0.000075" in listed and "10 → 5  unknown" in listed
    shown = terminal.out("calls", "show", priced.opened.id)
    assert "cost $0.000075 (input $0.000025, output $0.00005), priced as openai/gpt-4o by genai-prices 0." in shown
    assert "cost unknown\n" in terminal.out("calls", "show", unknown.opened.id)
    whole = terminal.json("calls", "show", priced.opened.id)
    assert whole["cost"] == whole["call"]["cost"]
    assert whole["cost"]["total"] == 0.000075
    assert terminal.json("calls", "show", unknown.opened.id)["cost"] is None


def test_an_estimate_says_that_it_is_one_by_length(terminal, place):
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}
    (record,) = place.put(make_record(response=json.dumps(answer).encode()))
    assert "tokens 2 in, 2 out (estimated by length)" in terminal.out("calls", "show", record.opened.id)


def test_media_is_shown_by_type_size_and_hash_and_written_as_it_was(terminal, place):
    image = b64encode(bytes(2000)).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}
    text = {"type": "text", "text": f"and ![this](data:image/gif;base64,{image})"}
    exchange = make_exchange([{"role": "user", "content": [part, text]}])
    keeper = make_keeper()
    sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
    place.put(keeper.finish(keeper.begin(exchange.head), exchange, sizes))
    for shown in (terminal.out("calls", "show", exchange.id), terminal.out("sessions", "show", "s-1")):
        assert "[image_url image/png, 2000 bytes, sha256 " in shown
        assert "and ![this](data:image/gif;base64,[image/gif, 2000 bytes, sha256 " in shown
        assert image[:100] not in shown
    assert image[:100] not in terminal.out("calls", "show", exchange.id, "--json")
    assert terminal.run("calls", "show", exchange.id, "--request").stdout_bytes == exchange.request_body


def test_a_try_says_of_what_it_is_one(terminal, place):
    def tried(at_s, *headers, outcome=Outcome.OK):
        return make_record(at_ns=START_NS + at_s * 10**9, headers=headers, outcome=outcome)

    count = b"x-stainless-retry-count"
    failed = replace(tried(0, (count, b"0"), outcome=Outcome.UPSTREAM_ERROR), status=503)
    one, two, lone = place.put(failed, tried(2, (count, b"1")), tried(9, (count, b"3")))
    assert "ok, try 2" in terminal.out("calls", "ls")
    shown = terminal.out("calls", "show", two.opened.id)
    assert f"try 2 of call {one.opened.id}" in shown
    assert "after 1 failed attempt" in shown
    assert "try 4 of a call that was not recorded" in terminal.out("calls", "show", lone.opened.id)


def test_a_try_that_is_inferred_says_so(terminal, place):
    failed = replace(make_record(outcome=Outcome.UPSTREAM_ERROR), status=503)
    _, two = place.put(failed, make_record(at_ns=START_NS + 10**9))
    assert "ok, try 2?" in terminal.out("calls", "ls")
    assert ", inferred" in terminal.out("calls", "show", two.opened.id)
    assert "after 1 failed attempt, as it seems" in terminal.out("sessions", "show", "s-1")


def test_what_the_provider_held_is_shown_before_what_was_sent(terminal, place, monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))
    _, two = place.put(
        asking("Capital?", answer="Paris."), asking("Sure?", id="r2", previous="r1", answer="Yes.", at_s=1)
    )
    shown = terminal.out("calls", "show", two.opened.id)
    texts = ["Capital?", "Paris.", "Sure?", "Yes."]
    assert sorted(texts, key=shown.index) == texts
    assert shown.count("(held by the provider)") == 2
    assert "response r2, after r1" in shown
    whole = terminal.json("calls", "show", two.opened.id)
    assert [message["content"] for message in whole["history"]] == ["Capital?", "Paris."]
    assert whole["history_broken"] is False
    told = terminal.out("sessions", "show", "s-1")
    assert [told.count(text) for text in texts] == [1, 1, 1, 1]


def test_who_says_the_same_again_to_a_provider_that_holds_the_rest_has_said_it_twice(terminal, place, monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))
    place.put(asking("more", answer="a"), asking("more", id="r2", previous="r1", answer="b", at_s=1))
    assert terminal.out("sessions", "show", "s-1").count("more") == 2


def test_a_history_that_is_not_recorded_says_so(terminal, place, monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))
    (record,) = place.put(asking("Sure?", previous="r-unseen"))
    for words in (("calls", "show", record.opened.id), ("sessions", "show", "s-1")):
        assert "goes on from something that is not recorded here" in terminal.out(*words)


def test_an_answer_that_was_fetched_later_is_shown_once(terminal, place, monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))
    (asked,) = place.put(asking("Capital?", status="queued"))
    assert "ok, pending" in terminal.out("calls", "ls")
    assert "not answered yet" in terminal.out("sessions", "show", "s-1")
    (poll,) = place.put(fetching(answer="Paris.", at_s=1))
    told = terminal.out("sessions", "show", "s-1")
    assert (told.count("Paris."), told.count("── call")) == (1, 1)
    assert "answer fetched by 1 call" in told
    shown = terminal.out("calls", "show", asked.opened.id)
    assert "Paris." in shown
    assert f"answer fetched by call {poll.opened.id}" in shown
    assert f"fetches the answer of call {asked.opened.id}" in terminal.out("calls", "show", poll.opened.id)
    assert "fetches an answer" in terminal.out("calls", "ls")


def test_a_turn_names_its_connection_which_has_the_bytes(terminal, place):
    (record,) = place.put(connection("one", "two"))
    whole = record.opened.id
    turn = place.reader().call(whole).turn_calls[1]
    listed = terminal.out("calls", "ls")
    assert f"ok, turn 2 of {whole}" in listed and "ok, 2 turns" in listed
    shown = terminal.out("calls", "show", turn)
    assert f"turn 2 of connection {whole}, which has the bytes" in shown and "one!" in shown and "headers" not in shown
    code, said = terminal.fails("calls", "show", turn, "--request")
    assert code == 1 and whole in said
    first = place.reader().call(whole).turn_calls[0]
    assert f"connection of 2 turns: calls {first}" in terminal.out("calls", "show", whole)
