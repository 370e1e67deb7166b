import json
from pathlib import Path

import pytest
from pandaprobe_proxy.evaluate.pandaprobe import (
    judge_consistency,
    judge_reliability,
    reckon_coherence,
    reckon_consistency,
    reckon_loop,
    reckon_reliability,
)

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "pandaprobe_wire" / "_golden_session_metrics.json"
GOOD = {"confidence": 1.0, "loop_detection": 1.0, "tool_correctness": 1.0, "coherence": 1.0}


def traces(*signals):
    return {f"t{number}": one for number, one in enumerate(signals)}


def test_reliability_is_made_of_the_worst_traces():
    one_bad = traces(*[GOOD] * 9, GOOD | {"confidence": 0.4})  # of ten, two are the worst: 0.9 * 0.3 + 0.1 * 0.6
    found = reckon_reliability(one_bad)
    assert (found.score, found.reason, found.flagged) == (0.67, "Elevated risk in 1 of 10 traces.", ("t9",))
    tool = reckon_reliability(traces(GOOD | {"tool_correctness": 0.5}))  # 0.8 * 0.5
    assert (tool.score, tool.reason) == (0.6, "No elevated risk across 1 traces.")
    assert reckon_reliability(traces(GOOD | {"coherence": 0.5}), {"coherence": 3.0}).score == 0


def test_consistency_is_made_of_all_of_them():
    found = reckon_consistency(traces(GOOD | {"confidence": 0.9, "coherence": 0.5}, GOOD))  # sqrt(0.15² / 2)
    assert (found.score, found.reason) == (0.8939, "Consistent performance across 2 traces.")
    moderate = reckon_consistency(traces(GOOD | {"confidence": 0.7}))
    assert (moderate.score, moderate.reason) == (0.7, "Moderate instability detected across 1 traces.")
    high = reckon_consistency(traces({"confidence": 0.1}))
    assert (high.score, high.reason) == (0.1, "High instability across 1 traces; multiple signals compound.")


@pytest.mark.parametrize("reckon", [reckon_reliability, reckon_consistency])
def test_there_missing_evidence_is_good(reckon):
    assert (reckon({}).score, reckon({}).reason) == (1.0, "No traces or signals to evaluate.")
    assert (reckon(traces({})).score, reckon(traces({})).reason) == (1.0, "No evaluable traces.")


@pytest.mark.parametrize("judge", [judge_reliability, judge_consistency])
def test_here_it_is_null(judge):
    assert judge({}).value is None
    assert judge(traces({})).counts["pandaprobe"] == 1.0
    assert judge(traces(GOOD)).value == 1.0


def test_traces_at_risk_are_cited():
    assert [quote.trace_id for quote in judge_reliability(traces(GOOD, {"confidence": 0.0})).evidence] == ["t1"]


def test_a_loop_is_an_output_like_one_of_the_three_before():
    said = ["one two", "three four", "five six", "seven eight"]
    assert reckon_loop("one two", said, [1.0] * 4) == 1.0
    assert reckon_loop("the three FOUR", said, [1.0, 0.5, 1.0, 1.0]) == 0.5
    assert reckon_loop("a", [], []) == 1.0
    assert reckon_loop("", [""], [1.0]) == 1.0
    assert reckon_loop({"content": "Paris."}, [{"content": "Berlin."}], [0.9]) == 0.7


def test_coherence_is_the_likeness_of_input_and_output():
    assert reckon_coherence(0.25) == 0.25
    assert reckon_coherence(-0.5) == 0
    assert reckon_coherence(None) == 1.0


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden vectors are not here")
def test_the_numbers_are_those_of_the_real_ones():
    golden = json.loads(GOLDEN.read_text())
    for case in golden["session"]:
        for name, reckon in (("agent_reliability", reckon_reliability), ("agent_consistency", reckon_consistency)):
            found, expected = (
                reckon(traces(*case["signals_in_order"]), case["signal_weights"] or {}),
                case["expected"][name],
            )
            assert found.score == pytest.approx(expected["score"], abs=1e-4)
            assert found.reason == expected["reason"]
            flagged = expected["metadata"].get("flagged_traces", ())
            assert len(found.flagged) == len(flagged)
    for case in golden["loop_detection"]:
        outputs = [{"messages": [{"role": "assistant", "content": text}]} for text in case["outputs"]]
        found = reckon_loop(outputs[-1], outputs[:-1], [1.0] * (len(outputs) - 1))
        assert found == pytest.approx(case["score"], abs=1e-4)
