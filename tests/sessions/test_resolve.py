import pytest
from pandaprobe_proxy.model.session import Clue, Resolution, Source
from pandaprobe_proxy.sessions.ladder import RUNGS
from pandaprobe_proxy.sessions.resolve import CONFIDENCE, resolve

GOOD = Clue(Source.HEADER, "X-PandaProbe-Session", "run-1")
OTHER = Clue(Source.HEADER, "X-PandaProbe-Session-Id", "run-2")
BAD = Clue(Source.HEADER, "X-PandaProbe-Session", "", valid=False)
GAP = 1000


def default(name: str, recent: tuple[str, int] | None = None, now_ns: int = 5000) -> Resolution:
    return resolve((), name, "c1", recent, now_ns, GAP)


@pytest.mark.parametrize("name", ["new", "client", "fixed"])
def test_a_valid_header_is_certain_whatever_the_default(name):
    assert resolve((GOOD,), name, "c1", ("s", 0), 0, GAP) == Resolution("run-1", Source.HEADER, 1.0, (GOOD,))


def test_the_first_valid_clue_wins_and_all_are_kept():
    clues = (BAD, GOOD, OTHER)
    decision = resolve(clues, "new", "c1", None, 0, GAP)
    assert (decision.session_id, decision.clues) == ("run-1", clues)


def test_a_bad_header_goes_to_the_default_and_stays_as_evidence():
    decision = resolve((BAD,), "new", "c1", None, 0, GAP)
    assert (decision.session_id, decision.source, decision.clues) == ("call-c1", Source.DEFAULT_NEW, (BAD,))


def test_new_is_a_session_per_call():
    assert default("new", ("s", 4999)).session_id == "call-c1"


def test_a_fixed_id_takes_every_call():
    decision = default("everything")
    assert (decision.session_id, decision.source) == ("everything", Source.DEFAULT_ID)


@pytest.mark.parametrize(
    ("recent", "session"),
    [
        (None, "client-c1"),
        (("s", 4000), "s"),
        (("s", 3999), "client-c1"),
        (("s", 9000), "s"),
    ],
    ids=["first", "at the gap", "past the gap", "clock set back"],
)
def test_a_client_goes_on_until_its_gap_passes(recent, session):
    decision = default("client", recent)
    assert (decision.session_id, decision.source) == (session, Source.DEFAULT_CLIENT)


def test_the_more_is_known_the_surer():
    sureness = [resolve((GOOD,), "new", "c1", None, 0, GAP), default("id"), default("client"), default("new")]
    found = [decision.confidence for decision in sureness]
    assert found == sorted(found, reverse=True) and len(set(found)) == 4 and 0 < found[-1] < found[0] == 1


def test_a_clue_has_a_confidence_of_its_own():
    clue = Clue(Source.AGENT, "X-Session-Id", "s", confidence=0.85)
    hint = Clue(Source.BODY, "prompt_cache_key", "k", valid=False, confidence=0)
    decision = resolve((hint, clue, OTHER), "new", "c1", None, 0, GAP)
    assert decision == Resolution("s", Source.AGENT, 0.85, (hint, clue, OTHER))


@pytest.mark.parametrize("source", [Source.HEADER, Source.BAGGAGE, Source.AGENT, Source.BODY])
def test_a_source_is_as_sure_as_its_strongest_rung(source):
    assert CONFIDENCE[source] == max(rung.confidence for rung in RUNGS if rung.source is source)


def test_every_source_of_a_call_has_a_confidence():
    assert set(CONFIDENCE) == set(Source) - {Source.INGEST}
