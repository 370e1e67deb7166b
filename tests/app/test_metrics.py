"""What Prometheus sees, read by its own parser."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from connections import connection
from pandaprobe_proxy.app.metrics import Metrics
from pandaprobe_proxy.model.call import Marks
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.store.batch import Batch
from places import RUN
from prometheus_client.parser import text_string_to_metric_families
from records import make_record

TOLD = {
    "relay": {"relayed": 12, "open": 2, "ended": 8, "dropped": {"ring_full": 2}, "refused": {"no_route": 4}},
    "ring": {"capacity": 1000, "used": 50},
    "recorder": {"state": "ok", "restarts": 1, "recorded": 5},
}


def make_metrics(told=TOLD, lost=0):
    metrics = Metrics(lambda: told, lambda: lost, lambda: 4096)
    metrics.begin({})
    return metrics


def samples(metrics):
    """Every sample's value by its name and labels."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def observe(metrics, *records, **more):
    metrics.observe(Batch(RUN, 1, records=records, **more), 0.003)


def conserved(told):
    dropped = sum(value for name, value in told.items() if name[0] == "pandaprobe_captures_dropped_total")
    return told[("pandaprobe_captures_total",)] + dropped + told[("pandaprobe_captures_in_flight",)]


def test_the_loss_numbers_add_up():
    told = samples(make_metrics())
    assert told[("pandaprobe_relayed_total",)] == 12 == conserved(told)
    assert told[("pandaprobe_captures_total",)] == 5
    assert told[("pandaprobe_captures_dropped_total", ("reason", "ring_full"))] == 2
    assert told[("pandaprobe_captures_in_flight",)] == 5
    assert told[("pandaprobe_streams_active",)] == 2
    assert told[("pandaprobe_refused_total", ("reason", "no_route"))] == 4


def test_what_the_recorder_drops_has_its_reason_and_still_adds_up():
    metrics = make_metrics()
    observe(metrics, dropped={"capture_off": 1, "ring_full": 1})
    told = samples(metrics)
    assert told[("pandaprobe_captures_dropped_total", ("reason", "ring_full"))] == 3
    assert told[("pandaprobe_captures_dropped_total", ("reason", "capture_off"))] == 1
    assert conserved(told) == 12


def test_what_an_earlier_recorder_dropped_is_not_forgotten():
    metrics = make_metrics(lost=3)
    metrics.begin({"capture_off": 1})
    told = samples(metrics)
    assert told[("pandaprobe_captures_dropped_total", ("reason", "capture_off"))] == 1
    assert told[("pandaprobe_captures_dropped_total", ("reason", "by_recorder"))] == 2
    assert conserved(told) == 12


def test_losses_are_not_told_before_they_are_known():
    told = samples(Metrics(lambda: TOLD, lambda: 0, lambda: 0))
    assert ("pandaprobe_streams_active",) in told
    assert ("pandaprobe_captures_total",) not in told


def test_sizes_and_states_are_of_this_moment():
    told = samples(make_metrics())
    assert told[("pandaprobe_capture_queue_bytes",)] == 50
    assert told[("pandaprobe_capture_queue_limit_bytes",)] == 1000
    assert told[("pandaprobe_store_bytes",)] == 4096
    assert told[("pandaprobe_recorder_ok",)] == 1
    assert told[("pandaprobe_recorder_restarts_total",)] == 1
    full = {**TOLD, "recorder": {**TOLD["recorder"], "state": "disk_full"}}
    assert samples(make_metrics(full))[("pandaprobe_recorder_ok",)] == 0


def test_without_the_relay_there_are_the_recorders_own_numbers():
    metrics = make_metrics(told=None)
    observe(metrics, make_record())
    told = samples(metrics)
    assert ("pandaprobe_relayed_total",) not in told
    assert any(name[0] == "pandaprobe_requests_total" for name in told)
    assert any(name[0] == "pandaprobe_build_info" for name in told)


def test_a_call_is_counted_and_timed():
    metrics = make_metrics()
    observe(metrics, make_record(model="m-1"))
    told = samples(metrics)
    where = (("model", "m-1"), ("provider", "openai"))
    request = ("pandaprobe_requests_total", ("code", "200"), ("model", "m-1"), ("outcome", "ok"), where[1])
    assert told[request] == 1
    assert told[("pandaprobe_request_duration_seconds_sum", *where)] == pytest.approx(0.004)
    assert told[("pandaprobe_relay_overhead_seconds_sum",)] == pytest.approx(0.001)
    assert told[("pandaprobe_store_write_seconds_sum",)] == pytest.approx(0.003)


def test_tokens_have_the_names_of_open_telemetry():
    metrics = make_metrics()
    observe(metrics, make_record(model="m-1"))
    told = samples(metrics)
    who = (("gen_ai_operation_name", "chat"), ("gen_ai_provider_name", "openai"), ("gen_ai_request_model", "m-1"))
    assert told[("gen_ai_client_token_usage_sum", *who, ("gen_ai_token_type", "input"))] == 10
    assert told[("gen_ai_client_token_usage_sum", *who, ("gen_ai_token_type", "output"))] == 5
    assert ("gen_ai_client_operation_duration_count", *who) in told


def test_the_first_token_is_timed_where_there_are_tokens_to_come():
    metrics = make_metrics()
    plain = make_record(model="plain")
    streamed = make_record(model="streamed")
    marks = Marks(first_content=7_000_000, first_tool=5_000_000)
    call = replace(streamed.call, streamed=True, marks=marks)
    observe(metrics, plain, replace(streamed, call=call))
    told = samples(metrics)
    name = "pandaprobe_time_to_first_token_seconds_sum"
    assert told[(name, ("model", "streamed"), ("provider", "openai"))] == pytest.approx(0.005)
    assert (name, ("model", "plain"), ("provider", "openai")) not in told


def test_an_exchange_that_is_no_call_is_a_request_without_a_model():
    metrics = make_metrics()
    record = replace(make_record(), call=None, status=None, outcome=Outcome.TIMEOUT, marks=Marks())
    observe(metrics, record)
    counted = ("pandaprobe_requests_total", ("code", ""), ("model", ""), ("outcome", "timeout"), ("provider", "openai"))
    assert samples(metrics)[counted] == 1


def test_of_a_connection_its_turns_are_the_calls():
    metrics = make_metrics()
    record = connection("one", "two")
    assert len(record.call.turns) == 2
    observe(metrics, record)
    told = samples(metrics)
    counts = {name: value for name, value in told.items() if name[0] == "gen_ai_client_token_usage_count"}
    assert set(counts.values()) == {2}
    assert sum(value for name, value in told.items() if name[0] == "pandaprobe_requests_total") == 1


def test_models_beyond_the_fiftieth_share_a_label():
    metrics = make_metrics()
    observe(metrics, *(make_record(model=f"m-{number}") for number in range(60)), make_record(model="m-3"))
    counted = {}
    for name, value in samples(metrics).items():
        if name[0] == "pandaprobe_requests_total":
            counted[dict(name[1:])["model"]] = value
    assert len(counted) == 51
    assert (counted["other"], counted["m-3"]) == (10, 2)


def test_a_name_that_a_caller_made_up_is_cut_and_cannot_break_the_format():
    metrics = make_metrics()
    observe(metrics, make_record(model='a"\n# EOF\n' + "x" * 500))
    (model,) = {dict(name[1:])["model"] for name in samples(metrics) if name[0] == "pandaprobe_requests_total"}
    assert model.startswith('a"\n# EOF\n') and len(model) == 100


def test_no_session_is_in_it():
    metrics = make_metrics()
    observe(metrics, make_record(session="only-mine"))
    assert b"only-mine" not in metrics.render()


def test_the_page_names_every_metric_and_every_label():
    page = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    told = set(re.findall(r"`((?:pandaprobe|gen_ai)_\w+)`", page))
    metrics = make_metrics()
    observe(metrics, make_record(), connection("one"))
    there, labels = set(), set()
    for family in text_string_to_metric_families(metrics.render().decode()):
        there.add(family.name if family.type in ("histogram", "gauge") else f"{family.name}_total")
        labels |= {label for sample in family.samples for label in sample.labels} - {"le", "version"}
    assert there <= told
    assert labels <= set(re.findall(r"`(\w+)`", page))
