"""What a running sidecar tells those who operate it, while it works: metrics, probes, status, logs."""

import json
import os
import signal
import urllib.error
import urllib.request

from openai import OpenAI
from prometheus_client.parser import text_string_to_metric_families
from sidecar import free_port, sidecar, wait_until

KEY = "sk-canary-operations-0123456789"
PROMPT = "a prompt that no log may hold"


def fetch(url, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def numbers(url):
    """The sum of each sample's values by its name."""
    told = {}
    for family in text_string_to_metric_families(fetch(f"{url}/metrics")[1]):
        for sample in family.samples:
            told[sample.name] = told.get(sample.name, 0) + sample.value
    return told


def ask(recording, session):
    client = OpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{recording.port}/v1", max_retries=0)
    headers = {"X-PandaProbe-Session": session}
    messages = [{"role": "user", "content": PROMPT}]
    with client:
        client.chat.completions.create(model="scripted", messages=messages, extra_headers=headers)


def test_metrics_add_up_at_every_scrape_and_say_nothing_of_what_was_said(recording):
    recording.ready()
    for number in range(5):
        ask(recording, f"session-{number}")
        told = numbers(recording.web)
        lost, waiting = told.get("pandaprobe_captures_dropped_total", 0), told["pandaprobe_captures_in_flight"]
        assert told["pandaprobe_relayed_total"] == number + 1
        assert told["pandaprobe_relayed_total"] == told["pandaprobe_captures_total"] + lost + waiting
    recording.settled(5)
    told = wait_until(lambda: (now := numbers(recording.web))["pandaprobe_requests_total"] == 5 and now)
    assert told["pandaprobe_captures_total"] == 5
    assert told["gen_ai_client_token_usage_sum"] == 5 * 30
    text = fetch(f"{recording.web}/metrics")[1]
    assert not any(secret in text for secret in (KEY, PROMPT, "session-1"))


def test_it_is_ready_while_the_store_is_not(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "calls.db").mkdir()
    with sidecar(tmp_path / "data", "http://127.0.0.1:9") as recording:
        wait_until(lambda: fetch(f"{recording.web}/readyz")[0] == 200)
        assert fetch(f"{recording.web}/sessions", recording.opened)[0] == 503
        told = json.loads(fetch(f"{recording.web}/status", recording.opened)[1])
        assert "store_unreadable" in told["degraded"]


def test_status_on_the_web_port_is_that_of_the_command(recording):
    recording.ready()
    ask(recording, "s")
    recording.settled(1)
    told, said = json.loads(fetch(f"{recording.web}/status", recording.opened)[1]), recording.status()
    assert (told["relayed"], told["recorded"], told["adds_up"], told["degraded"]) == (1, 1, True, [])
    assert set(told) == set(said) | {"session_sources", "store_limit", "redactions"}


def test_probes_and_metrics_have_an_address_of_their_own_where_others_may_ask(tmp_path, upstream):
    address = f"127.0.0.1:{free_port()}"
    with sidecar(tmp_path / "data", upstream.url, "--metrics-address", address) as recording:
        recording.ready()
        request = urllib.request.Request(f"http://{address}/metrics", headers={"Host": "10.1.2.3:9090"})
        with urllib.request.urlopen(request, timeout=5) as response:
            assert b"pandaprobe_build_info" in response.read()
        assert fetch(f"http://{address}/readyz")[0] == 200
        assert fetch(f"http://{address}/sessions")[0] == 404
        os.kill(recording.recorder_pid(), signal.SIGKILL)
        wait_until(lambda: recording.status()["recorder_restarts"] == 1)
        recording.ready()
        assert numbers(f"http://{address}")["pandaprobe_recorder_restarts_total"] == 1


def test_an_address_that_is_taken_is_told_and_calls_are_recorded_all_the_same(tmp_path, upstream):
    with sidecar(tmp_path / "data", upstream.url) as other:
        address = f"127.0.0.1:{other.port}"
        with sidecar(tmp_path / "more", upstream.url, "--metrics-address", address) as recording:
            ask(recording, "s")
            assert recording.settled(1)["recorded"] == 1
            assert "metrics cannot be served there" in recording.log.read_text()


def test_logs_are_lines_of_json_and_hold_neither_bodies_nor_headers(tmp_path, upstream):
    flags = ("--log-format", "json", "--log-level", "debug")
    with sidecar(tmp_path / "data", upstream.url, *flags) as recording:
        recording.ready()
        ask(recording, "s")
        recording.settled(1)
        os.kill(recording.recorder_pid(), signal.SIGKILL)
        wait_until(lambda: recording.status()["recorder_restarts"] == 1)
    text = recording.log.read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("relaying on", "web port on", "look at it"))]
    events = [json.loads(line) for line in lines]
    assert any("started again" in event["event"] for event in events)
    assert all({"event", "level", "timestamp"} <= set(event) for event in events)
    assert not any(secret in text for secret in (KEY, PROMPT, "Bearer"))
