import pytest
from pandaprobe_proxy.dialects.openai_searches import DIALECT, answered, asked, matches
from pandaprobe_proxy.model.call import CallError, Message

FOUND = {"file_id": "file-1", "filename": "a.md", "score": 0.8, "content": [{"type": "text", "text": "30 days"}]}


def test_the_path_and_the_method_tell():
    assert matches("POST", "/v1/vector_stores/vs_1/search", ())
    assert not matches("GET", "/v1/vector_stores/vs_1/search", ()) and not matches("POST", "/v1/search", ())


def test_a_request_is_its_query_and_where_it_looks():
    read = asked({"query": ["a", "b"], "max_num_results": 2}, "/v1/vector_stores/vs_1/search")
    assert read.messages == (Message("user", "a"), Message("user", "b"))
    assert read.parameters == {"max_num_results": 2, "vector_store_id": "vs_1"}


def test_an_answer_is_a_message_for_each_piece():
    read = answered({"object": "vector_store.search_results.page", "has_more": False, "data": [FOUND]})
    (message,) = read.messages
    assert (message.role, message.name, message.text) == ("tool", "a.md", "30 days")
    assert message.extra == {"file_id": "file-1", "score": 0.8} and read.extra == {"has_more": False} and not read.lossy


@pytest.mark.parametrize("body", [{}, {"data": [1]}, {"data": "x"}])
def test_an_answer_of_a_wrong_shape_is_told(body):
    assert answered(body).lossy


def test_an_error_is_an_error():
    read = answered({"error": {"message": "m"}})
    assert read.error == CallError("m") and not read.lossy and DIALECT.operation == "search"
