from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.estimate import estimate_usage
from pandaprobe_proxy.model.call import Message, ToolCall, Usage, UsageSource


def test_four_bytes_are_a_token_rounded_up():
    usage = estimate_usage(Asked(messages=(Message("user", "12345678"),)), Answered(messages=(Message("a", "ü12"),)))
    assert usage == Usage(2, 1, source=UsageSource.ESTIMATED)
    assert estimate_usage(Asked(messages=(Message("user", "123456789"),)), Answered()).input == 3


def test_everything_that_is_text_counts():
    call = ToolCall("id", "abcd", "abcdefgh")
    message = Message("assistant", "abcd", refusal="abcd", reasoning="abcd", tool_calls=(call,))
    usage = estimate_usage(Asked(messages=(message,)), Answered(messages=(message, message)))
    assert (usage.input, usage.output, usage.reasoning) == (6, 12, 2)


def test_tool_definitions_count_as_they_are_written():
    assert estimate_usage(Asked(tools=({"n": "x"},)), Answered()).input == len('[{"n": "x"}]') / 4


def test_halves_of_characters_count_too():
    assert estimate_usage(Asked(messages=(Message("user", "\ud83d"),)), Answered()).input == 1
