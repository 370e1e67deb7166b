"""What a call cost, from the running sidecar to the command line and the store's own views."""

import json
import sqlite3

import pytest
from openai import OpenAI
from sidecar import sidecar

OWN = {"house-*": {"input": 1_000, "output": 10_000}}


@pytest.fixture
def recording(tmp_path, upstream):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(OWN))
    with sidecar(tmp_path / "data", upstream.url, "--prices", str(path)) as running:
        yield running


def test_calls_are_priced_by_list_by_settings_or_not_at_all(recording, tmp_path):
    client = OpenAI(base_url=recording.url, api_key="sk-x")
    for model in ("gpt-4o", "house-1", "nobody-knows"):
        headers = {"X-PandaProbe-Session": "s"}
        messages = [{"role": "user", "content": "Capital of France?"}]
        client.chat.completions.create(model=model, messages=messages, extra_headers=headers)
    client.close()
    recording.settled(calls=3)
    costs = [call["cost"] for call in recording.json("calls", "ls", "--session", "s")["items"]]
    by_list, by_settings, unknown = costs
    assert by_list["total"] == pytest.approx((21 * 2.5 + 9 * 10) / 1e6)
    assert (by_list["priced_as"], by_list["source"].split()[0]) == ("openai/gpt-4o", "genai-prices")
    assert by_settings["total"] == pytest.approx(0.021 + 0.09)
    assert (by_settings["source"], unknown) == ("settings", None)
    shown = recording.json("sessions", "show", "s")
    assert shown["total_cost"] == pytest.approx(by_list["total"] + by_settings["total"])
    assert shown["unpriced_calls"] == 1
    db = sqlite3.connect(f"file:{tmp_path / 'data' / 'calls.db'}?mode=ro", uri=True)
    viewed = db.execute("SELECT cost FROM v_calls ORDER BY started_at").fetchall()
    assert viewed == [(by_list["total"],), (by_settings["total"],), (None,)]
    db.close()


def test_prices_that_cannot_be_used_are_told_in_one_sentence(tmp_path, upstream):
    with (
        pytest.raises(AssertionError) as raised,
        sidecar(tmp_path / "data", upstream.url, "--prices", '{"m": {"input": "much", "output": 1}}'),
    ):
        pass
    assert "'input' of the price of 'm': input should be a valid number" in str(raised.value)
