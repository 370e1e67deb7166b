"""The tests of the relay that make no sense in forward mode, each with the reason."""

HERE = "it looks into the relay's own parts"
PREFIX = "an upstream is chosen by a path's prefix only where there is a base URL"
OWN = "interception has an upstream connection for each client's connection: that of a tunnel belongs to its client"
MITMPROXY = "mitmproxy reads the head, and refuses by rules of its own"
OLD = "a client of HTTP/1.0 gets the upstream's framing, as without a proxy"
DRAINED = "an intercepting proxy that stops takes no new connection"
AHEAD = "mitmproxy takes a millisecond for each, and holds what is sent ahead without a bound"
BODY = "mitmproxy ends both connections at once where a request's body breaks its framing, and answers nothing"
EARLY = "mitmproxy goes on with the request's body after an answer that came early, on the connections that it has"
LIMITS = "interception has one limit of time, for a connection on which nothing moves"

REASONS = {
    "test_usage.py": "what is asked on the user's wish is asked by the relay only",
    "test_ambient.py": HERE,
    "test_upstream.py": OWN,
    "test_dial.py": "it dials by settings of the relay's: its own proxy, its own time, its own trust; see test_forward",
    "test_asking.py::test_an_upstream_that_reads_slowly_holds_the_client_back": HERE,
    "test_asking.py::test_whatever_goes_wrong_while_dialling_the_client_is_answered_and_the_exchange_ended": HERE,
    "test_answering.py::test_a_slow_reader_is_waited_for_and_little_is_held": HERE,
    "test_answering.py::test_a_slow_reader_does_not_slow_another_stream": HERE,
    "test_exchange.py::test_a_client_that_is_not_read_from_is_still_noticed_when_it_goes": HERE,
    "test_exchange.py::test_a_client_that_goes_while_its_upstream_is_dialled_ends_the_dialling": HERE,
    "test_exchange.py::test_a_client_that_half_closes_and_reads_no_more_is_cut_in_the_end": HERE,
    "test_exchange.py::test_real_websocket_peers_talk_through_the_relay": "the real client is given a base URL",
    "test_asking.py::test_a_body_that_breaks_its_framing_is_refused_and_never_ends_well_upstream": BODY,
    "test_asking.py::test_an_answer_that_comes_before_the_request_is_whole_is_relayed_and_ends_both": EARLY,
    "test_asking.py::test_a_request_that_met_a_dead_connection_is_sent_again_if_that_is_harmless": OWN,
    "test_asking.py::test_a_post_whose_body_was_not_yet_sent_is_sent_again": OWN,
    "test_asking.py::test_a_request_that_the_upstream_may_have_acted_on_is_never_sent_twice": OWN,
    "test_answering.py::test_an_answer_to_head_has_no_body_and_the_connection_serves_again": OWN,
    "test_answering.py::test_a_client_of_1_0_gets_no_interim_head_no_chunks_and_a_closed_connection": OLD,
    "test_exchange.py::test_a_client_of_1_0_sees_a_reset_where_an_end_would_look_well": OLD,
    "test_client.py::test_a_refusal_is_still_readable_when_the_client_goes_on_sending": MITMPROXY,
    "test_client.py::test_thousands_of_requests_sent_ahead_are_held_within_bounds": AHEAD,
    "test_exchange.py::test_a_body_that_stops_coming_is_answered_with_a_408": LIMITS,
    "test_client.py::test_whatever_is_done_to_requests_the_upstream_reads_what_the_relay_read": HERE,
    "test_client.py::test_an_unknown_path_is_told_which_upstreams_there_are": PREFIX,
    "test_client.py::test_a_refusal_is_told_in_the_callers_dialect": PREFIX,
    "test_client.py::test_a_client_that_lingers_after_a_refusal_is_cut": LIMITS,
    "test_client.py::test_a_head_that_drips_is_cut_off_in_total_time": LIMITS,
    "test_client.py::test_an_idle_connection_is_kept_for_its_time_and_then_closed": LIMITS,
    "test_client.py::test_what_is_refused_is_told_in_one_sentence_counted_and_never_goes_upstream": MITMPROXY,
    "test_server.py::test_the_counts_add_up_at_every_moment": HERE,
    "test_server.py::test_an_upstream_can_be_added_while_it_runs": PREFIX,
    "test_server.py::test_time_and_ids_come_from_what_was_given": HERE,
    "test_server.py::test_draining_waits_for_a_slow_client_to_take_the_end_of_its_answer": HERE,
    "test_server.py::test_draining_lets_what_runs_finish_and_still_accepts": DRAINED,
    "test_server.py::test_running_out_of_descriptors_ends_nothing_that_runs_and_passes_by_itself": HERE,
    "test_server.py::test_the_real_openai_client": "the real client is given a base URL",
}
"""By `MODULE`, `MODULE::TEST` or `MODULE::TEST[part of its parameters]`."""


def reason(module, name):
    """Why this test is not run in forward mode; None if it is."""
    test, _, parameters = name.partition("[")
    for key, why in REASONS.items():
        known, _, part = key.removesuffix("]").partition("[")
        if (known == module or f"{module}::{test}".startswith(known)) and part in parameters:
            return why
    return None
