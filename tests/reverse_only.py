"""The tests of the relay that make no sense in forward mode, each with the reason."""

HERE = "it looks into the relay's own parts"
BASE = "a real client is given a base URL"
PREFIX = "an upstream is chosen by a path's prefix only where there is a base URL"
OWN = "interception has an upstream connection for each client's connection: that of a tunnel belongs to its client"
MITMPROXY = "mitmproxy reads the head, and refuses by rules of its own"
OLD = "a client of HTTP/1.0 gets the upstream's framing, as without a proxy"
DRAINED = "an intercepting proxy that stops takes no new connection"
AHEAD = "mitmproxy takes a millisecond for each, and holds what is sent ahead without a bound"
BODY = "mitmproxy ends both connections at once where a request's body breaks its framing, and answers nothing"
EARLY = "mitmproxy goes on with the request's body after an answer that came early, on the connections that it has"
PROXY = "the forward proxy does not go through another one"
BARRED = "that the sidecar's own ports are no destinations has tests of its own: test_forward"
TRUST = "the relay is given the certificates to trust by the test; interception's have tests of their own: test_forward"
CODES = "interception says of every upstream that it cannot connect to that it is `unreachable`"
LIMITS = "interception has one limit of time, for a connection on which nothing moves"

REASONS = {
    "test_usage.py": "what is asked on the user's wish is asked by the relay only",
    "test_ambient.py": HERE,
    "test_upstream.py": OWN,
    "test_dial.py::test_a_name_that_does_not_resolve_becomes_a_502": CODES,
    "test_dial.py::test_an_upstream_that_does_not_accept_in_time_becomes_a_504": LIMITS,
    "test_dial.py::test_after_a_refused_connection_the_next_request_tries_again": PREFIX,
    "test_dial.py::test_the_relay_never_asks_itself": BARRED,
    "test_dial.py::test_tls_is_spoken_verified_and_kept_open": TRUST,
    "test_dial.py::test_large_bodies_cross_tls_whole_both_ways": TRUST,
    "test_dial.py::test_a_client_that_goes_closes_a_tls_upstream_within_a_second": TRUST,
    "test_dial.py::test_a_certificate_that_is_not_trusted_becomes_a_502_that_says_so": TRUST,
    "test_dial.py::test_a_certificate_for_another_name_is_not_trusted": TRUST,
    "test_dial.py::test_an_upstream_that_does_not_speak_tls_becomes_a_502": TRUST,
    "test_dial.py::test_an_https_upstream_is_reached_through_a_tunnel_with_tls_inside": PROXY,
    "test_dial.py::test_a_proxy_that_declines_becomes_a_502_that_names_it": PROXY,
    "test_dial.py::test_an_http_upstream_is_asked_of_its_proxy_in_absolute_form": PROXY,
    "test_dial.py::test_an_upstream_on_this_machine_is_reached_directly_whatever_the_environment_says": PROXY,
    "test_dial.py::test_a_proxy_that_cannot_be_used_is_told_to_the_caller": PROXY,
    "test_dial.py::test_a_body_that_comes_before_the_upstream_is_connected_waits_and_goes_up_whole": TRUST,
    "test_asking.py::test_an_upstream_that_reads_slowly_holds_the_client_back": HERE,
    "test_asking.py::test_whatever_goes_wrong_while_dialling_the_client_is_answered_and_the_exchange_ended": HERE,
    "test_answering.py::test_a_slow_reader_is_waited_for_and_little_is_held": HERE,
    "test_answering.py::test_a_slow_reader_does_not_slow_another_stream": HERE,
    "test_exchange.py::test_a_client_that_is_not_read_from_is_still_noticed_when_it_goes": HERE,
    "test_exchange.py::test_a_client_that_goes_while_its_upstream_is_dialled_ends_the_dialling": HERE,
    "test_exchange.py::test_a_client_that_half_closes_and_reads_no_more_is_cut_in_the_end": HERE,
    "test_exchange.py::test_real_websocket_peers_talk_through_the_relay": BASE,
    "test_asking.py::test_a_body_that_breaks_its_framing_is_refused_and_never_ends_well_upstream": BODY,
    "test_asking.py::test_an_answer_that_comes_before_the_request_is_whole_is_relayed_and_ends_both_connections": EARLY,
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
    "test_server.py::test_the_real_openai_client_works_through_it": BASE,
    "test_server.py::test_the_real_openai_client_understands_an_upstream_that_is_not_there": BASE,
}
"""By `MODULE` or `MODULE::TEST`."""


def reason(module, test):
    """Why this test is not run in forward mode; None if it is."""
    return REASONS.get(module) or REASONS.get(f"{module}::{test}")
