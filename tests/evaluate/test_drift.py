from pandaprobe_proxy.evaluate.drift import evaluate, rises
from pandaprobe_proxy.model.call import Usage
from talks import proofs, says, talk, used, user

WORDS = ["alpha", "beta", "gamma", "delta", "omega", "kappa", "sigma", "theta", "zeta", "iota", "rho", "tau"]


def answers(count):
    return [part for n in range(count) for part in (user(f"q{n}"), says(" ".join([WORDS[n]] * 7)))]


def test_what_rises_all_along_is_a_drift_and_its_peak_is_cited():
    judged = evaluate(talk(*answers(9), latency=[1.0 * n for n in range(1, 10)]))
    assert (judged.value, judged.label) == (0.5, "latency rises")
    assert (judged.counts["series"], judged.counts["worse"], judged.counts["latency_change"]) == (2, 1, 6.0)
    assert proofs(judged) == [18]


def test_what_stays_the_same_is_steady():
    judged = evaluate(talk(*answers(9), usage=Usage(output=10)))
    assert (judged.value, judged.label, judged.counts["series"]) == (1.0, "steady", 3)


def test_errors_and_likeness_may_rise_too():
    good, bad = [used("get", f"fine {n}", n=n) for n in range(5)], [used("get", "Error: no", n=n) for n in range(5, 10)]
    assert "tool_errors rises" in evaluate(talk(user("go"), *good, *bad, says("done"))).label
    stuck = [part for n in range(6) for part in (user(f"again {n}"), says("the very same words as ever before"))]
    assert "sameness rises" in evaluate(talk(*answers(6), *stuck)).label


def test_a_short_session_does_not_drift():
    assert evaluate(talk(*answers(3))).value is None


def test_a_rise_is_sure_only_with_enough_of_it():
    assert rises(range(8))
    assert not rises([1, 0, 1, 0, 1, 0, 1, 1])
    assert not rises(range(8, 0, -1))
    assert not rises([1] * 8)
