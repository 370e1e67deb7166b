"""What holds of every stream that breaks off: what came is a beginning of the whole, and nothing is raised."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from exchanges import make_exchange
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import Message
from pandaprobe_proxy.model.exchange import Headers, Outcome
from pandaprobe_proxy.wire.stream import StreamEvent


def check_cuts(streamed: Callable[[Iterable[StreamEvent]], Answered], events: Sequence[StreamEvent]) -> Answered:
    """Cuts the stream before each of its events; returns what the whole of it says."""
    whole = streamed(events)
    for at in range(len(events)):
        cut = streamed(events[:at])
        assert not cut.lossy or whole.lossy
        for said, all_said in zip_longest(cut.messages, whole.messages):
            assert said is None or is_beginning(said, all_said)
    return whole


def is_beginning(said: Message, whole: Message) -> bool:
    names = [call.name for call in said.tool_calls]
    return (
        whole.text.startswith(said.text)
        and (whole.reasoning or "").startswith(said.reasoning or "")
        and names == [call.name for call in whole.tool_calls][: len(names)]
    )


def check_bytes(body: bytes, path: str, headers: Headers, request: bytes = b'{"stream": true}') -> None:
    """Cuts the body after each of its bytes, and reads what is there as a whole exchange."""
    for at in range(1, len(body)):
        call = decode(
            make_exchange(request, body[:at], path=path, headers=headers, outcome=Outcome.CLIENT_DISCONNECTED)
        )
        assert call is not None
        assert call.partial or call.output
