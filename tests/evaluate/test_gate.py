from pandaprobe_proxy.evaluate.gate import check, check_all, find_low

MIXED = [1.0] * 15 + [0.0] * 5


def test_a_mean_that_is_not_under_the_threshold_passes():
    found = check("loops", MIXED, 0.75, strict=False, fewest=1)
    assert (found.passed, found.mean, found.reason) == (True, 0.75, "mean 0.750 is not under 0.75")
    assert not check("loops", MIXED, 0.76, strict=False, fewest=1).passed


def test_a_strict_gate_asks_for_the_lower_bound():
    found = check("loops", MIXED, 0.75, strict=True, fewest=1)
    assert (found.passed, found.low, found.reason) == (False, find_low(MIXED), "lower bound 0.550 is under 0.75")


def test_too_few_values_never_pass():
    found = check("loops", [1.0], 0.5, strict=False, fewest=2)
    assert (found.passed, found.mean, found.reason) == (False, 1.0, "1 sessions have a value, 2 are needed")
    assert check("loops", [], 0.0, strict=False, fewest=0).mean is None


def test_the_bound_is_the_same_whenever_it_is_asked():
    assert find_low(MIXED) == find_low(MIXED) == 0.55
    assert find_low([1.0]) == 1.0


def test_each_threshold_is_checked_in_order():
    checks = check_all({"a": [1.0]}, {"b": 0.5, "a": 0.5}, strict=False, fewest=1)
    assert [(one.name, one.passed) for one in checks] == [("b", False), ("a", True)]


def test_a_score_that_no_session_has_is_told_of_with_where_the_names_of_scores_are():
    found = check_all({"loops": [1.0]}, {"lopps": 0.5, "loops": 0.5}, strict=False, fewest=2)
    assert [(one.name, one.reason) for one in found] == [
        ("lopps", "0 sessions have a value, 2 are needed; `eval ls` lists the scores that there are"),
        ("loops", "1 sessions have a value, 2 are needed"),
    ]
