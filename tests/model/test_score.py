from pandaprobe_proxy.model.score import Score


def test_scores_share_no_metadata():
    one, other = Score("1", "n", "1", "NUMERIC", 0), Score("2", "n", "1", "NUMERIC", 0)
    one.metadata["by"] = "me"
    assert other.metadata == {}
