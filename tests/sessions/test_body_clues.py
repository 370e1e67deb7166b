import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.anthropic_bodies import read_request
from pandaprobe_proxy.dialects.gemini import asked as gemini_asked
from pandaprobe_proxy.dialects.openai_chat import asked as chat_asked
from pandaprobe_proxy.dialects.responses_asked import read_create
from pandaprobe_proxy.model.call import Call, Turn
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.sessions.body_clues import read_body_clues
from pandaprobe_proxy.sessions.clues import MOST_CLUES

UUID = "0190b7a0-1111-7000-8000-000000000001"
OTHER = "0190b7a0-2222-7000-8000-000000000002"
USER = "user_" + "0a" * 32
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def call(parameters=None, **more) -> Call:
    return Call("openai_chat", 1, "chat", parameters=parameters or {}, **more)


def asked(said) -> Call:
    return call(said.parameters, conversation_id=said.conversation_id)


def named(found: Call) -> list[tuple[str, str, bool]]:
    return [(clue.name, clue.value, clue.valid) for clue in read_body_clues(found)]


def test_a_body_that_says_nothing_has_no_clues():
    assert read_body_clues(call({"temperature": 1, "metadata": {"user": "u"}, "user": "u"})) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"litellm_session_id": "s-1"},
        {"metadata": {"litellm_session_id": "s-1"}},
        {"litellm_metadata": {"session_id": "s-1"}},
        {"metadata": {"langfuse_session_id": "s-1"}},
        {"tensorzero::episode_id": "s-1"},
        {"metadata": {"session_id": "s-1"}},
        {"metadata": {"conversation_id": "s-1"}},
        {"metadata": {"thread_id": "s-1"}},
        {"session_id": "s-1"},
        {"conversation_id": "s-1"},
        {"conversation": "s-1"},
        {"conversation": {"id": "s-1"}},
    ],
)
def test_a_field_of_a_chat_names_a_session(fields):
    (clue,) = read_body_clues(asked(chat_asked(CHAT | fields, "/v1/chat/completions")))
    assert (clue.source, clue.value, clue.valid) == (Source.BODY, "s-1", True)
    assert 0.8 < clue.confidence < 1


def test_all_candidates_are_kept_namespaced_ones_first():
    fields = {"session_id": "c", "metadata": {"session_id": "b"}, "litellm_session_id": "a", "prompt_cache_key": "d"}
    assert [value for _, value, _ in named(call(fields))] == ["a", "b", "c", "d"]


def test_a_cache_key_is_a_hint_and_joins_nothing():
    assert read_body_clues(call({"prompt_cache_key": UUID})) == (
        Clue(Source.BODY, "prompt_cache_key", UUID, valid=False, confidence=0),
    )


def test_sub_agents_that_share_a_cache_stay_apart():
    one, two = (read_body_clues(call({"prompt_cache_key": UUID, "conversation": name})) for name in ("a", "b"))
    assert [clue.value for clue in (*one, *two) if clue.valid] == ["a", "b"]


@pytest.mark.parametrize(
    "user_id",
    [f"{USER}_account_{OTHER}_session_{UUID}", f"{USER}_account__session_{UUID}", json.dumps({"session_id": UUID})],
)
def test_claude_code_names_its_session_in_its_users_id(user_id):
    body = {"model": "m", "messages": [], "metadata": {"user_id": user_id}}
    assert named(asked(read_request(body))) == [("metadata.user_id", UUID, True)]


@pytest.mark.parametrize("user_id", ["u-1", UUID, USER, "my_session_5", "[1]", '{"account_uuid": "a"}', 7, None, {}])
def test_a_plain_users_id_names_no_session(user_id):
    assert named(call({"metadata": {"user_id": user_id}})) == []


@pytest.mark.parametrize("user_id", [f"{USER}_account__session_x", '{"session_id": "null"}'])
def test_a_users_id_with_something_else_for_a_session_is_kept_and_not_used(user_id):
    assert [valid for _, _, valid in named(call({"metadata": {"user_id": user_id}}))] == [False]


def test_the_conversation_that_the_provider_holds_is_a_session():
    said = read_create({"model": "m", "input": "hi", "conversation": {"id": "conv_1"}}, "/v1/responses")
    assert named(asked(said))[0] == ("conversation", "conv_1", True)
    assert named(call(conversation_id="thread_1")) == [("conversation", "thread_1", True)]


def test_the_answer_before_is_no_name_of_a_session():
    said = read_create({"model": "m", "input": "hi", "previous_response_id": "resp_0"}, "/v1/responses")
    assert named(call(said.parameters, previous_id=said.previous_id)) == []


def test_codex_names_its_session_in_the_metadata_of_the_client():
    fields = {"client_metadata": {"session_id": UUID, "thread_id": OTHER}}
    assert [value for _, value, _ in named(call(fields))] == [UUID, OTHER]


def test_gemini_keeps_such_fields_too():
    said = gemini_asked({"contents": [], "session_id": "s-1"}, "/v1beta/models/g:generateContent")
    assert named(asked(said)) == [("session_id", "s-1", True)]


@pytest.mark.parametrize("value", ["default", "null", "undefined", "none", "auto", "0", 0, "", " ", "a\nb", "x" * 300])
def test_a_word_for_no_session_is_kept_and_never_joins_strangers(value):
    for fields in ({"session_id": value}, {"conversation": value}, {"metadata": {"session_id": value}}):
        assert [valid for _, _, valid in named(call(fields))] == [False]


@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, ["s"]])
def test_what_is_no_text_is_no_candidate(value):
    assert named(call({"session_id": value, "metadata": value})) == []


def test_a_whole_number_is_one():
    assert named(call({"session_id": 4711})) == [("session_id", "4711", True)]


def test_turns_of_a_connection_speak_for_it():
    turn = Turn("t", call({"session_id": "s-1"}, conversation_id="conv_1"), 0, None, 1)
    assert [value for _, value, _ in named(call(turns=(turn, turn)))] == ["conv_1", "s-1"]


JSON = st.recursive(st.none() | st.text(max_size=30) | st.integers(), lambda inner: st.dictionaries(
    st.sampled_from(["id", "session_id", "user_id", "thread_id"]), inner, max_size=3))  # fmt: skip
FIELDS = st.sampled_from(["metadata", "conversation", "session_id", "client_metadata", "prompt_cache_key"])


@given(st.dictionaries(FIELDS, JSON))
def test_any_parameters_give_clues_within_bounds(fields):
    clues = read_body_clues(call(fields))
    assert len(clues) <= MOST_CLUES and all(len(clue.value) <= 255 for clue in clues)
    assert all(isinstance(clue.value.encode(), bytes) for clue in clues)
