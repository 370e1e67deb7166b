from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.steps import Step
from pandaprobe_proxy.sessions.tree import Node, NodeKind, grow

USER = Message("user", "go")
ASKS = Message("assistant", tool_calls=(ToolCall("t1", "search", "{}"), ToolCall("t2", "task", "{}")))


def step(call_id, *, output=(), **known):
    return Step(call_id, 0, 1, Call("d", 1, "chat", input=(USER,), output=output), **known)


def shape(node):
    """The names of a node and all below it."""
    return [node.name, *map(shape, node.children)] if node.children else node.name


def test_calls_of_no_particular_place_stand_in_their_session():
    tree = grow("trip", [step("1"), step("2")], {})
    assert (tree.kind, shape(tree)) == (NodeKind.SESSION, ["trip", "1", "2"])
    assert [child.addition.call_id for child in tree.children] == ["1", "2"]


def test_tools_stand_under_the_call_that_asked_for_them():
    tree = grow("trip", [step("1", output=(ASKS,)), step("2")], {})
    assert shape(tree) == ["trip", ["1", "search", "task"], "2"]
    assert tree.children[0].children[0].use.tool.id == "t1"


def test_a_session_stands_under_the_call_that_began_it():
    child = Node(NodeKind.SESSION, "sub", (Node(NodeKind.CALL, "9"),))
    unknown = Node(NodeKind.SESSION, "other")
    deleted = Node(NodeKind.SESSION, "third")
    tree = grow("trip", [step("1", output=(ASKS,)), step("2")], {"1": [child], None: [unknown], "gone": [deleted]})
    assert shape(tree) == ["trip", ["1", "search", "task", ["sub", "9"]], "2", "other", "third"]


def test_paths_are_nested_by_their_parts():
    steps = [
        step("1", path="/plan"),
        step("2", path="/plan/search"),
        step("3", path="/plan"),
        step("4", path="act/now"),
    ]
    assert shape(grow("trip", steps, {})) == [
        "trip",
        ["/plan", "1", ["/plan/search", "2"], "3"],
        ["/act", ["/act/now", "4"]],
    ]


def test_agents_are_nested_by_who_began_them():
    steps = [
        step("1", agent="lead"),
        step("2", agent="scout", parent_agent="lead"),
        step("3", agent="lead", parent_agent="scout"),
        step("4", agent="lost", parent_agent="unseen"),
        step("5", agent="own", parent_agent="own"),
    ]
    assert shape(grow("trip", steps, {})) == [
        "trip", ["lead", "1", ["scout", "2"], "3"], ["unseen", ["lost", "4"]], ["own", "5"],
    ]  # fmt: skip


def test_tries_that_failed_are_no_nodes():
    assert shape(grow("trip", [step("1"), step("2", attempt_of="1")], {})) == ["trip", "2"]
