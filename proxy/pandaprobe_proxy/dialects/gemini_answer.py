"""The answer of generateContent, in one response or in the many of a stream: each appends to what came before."""

from typing import Any

from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bounds import MOST_ANSWERS
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.gemini_parts import PartFold, find_growing, is_call, read_calls, read_thoughts, says
from pandaprobe_proxy.dialects.gemini_usage import later_usage, read_usage
from pandaprobe_proxy.dialects.openai_fields import merge_field
from pandaprobe_proxy.model.call import CallError, Message
from pandaprobe_proxy.wire.run_forms import NUMBER, Alike

Json = Any
_REASONS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
)
"""By the number that Vertex sends where it was asked for numbers."""
_NAMES = frozenset({"modelVersion", "responseId"})


def _grows(response: dict[str, Json], kind: str) -> str | None:
    """One candidate with one part, a text, beside the names of the answer and its usage so far."""
    candidates, usage = response.get("candidates"), response.get("usageMetadata", {})
    named = all(isinstance(response[key], str) for key in response.keys() - {"candidates", "usageMetadata"})
    if not named or not response.keys() <= _NAMES | {"candidates", "usageMetadata"}:
        return None
    if not isinstance(usage, dict) or not isinstance(candidates, list):
        return None
    candidate = candidates[0] if len(candidates) == 1 else None
    if not isinstance(candidate, dict) or not candidate.keys() <= {"content", "index"}:
        return None
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) and content.keys() <= {"parts", "role"} else None
    return find_growing(parts[0]) if isinstance(parts, list) and len(parts) == 1 else None


_LAST = ("candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")
ALIKE = Alike(_grows, dict.fromkeys(_LAST, NUMBER))


class _Candidate:
    """One candidate so far."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._parts = PartFold()
        self._extra: dict[str, Json] = {}

    def add(self, candidate: dict[str, Json]) -> bool:
        """Takes in a candidate, or a piece of one; False if something has a type that it cannot have."""
        placed = True
        for key, value in candidate.items():
            if value is None or key == "index":
                continue
            if key == "content":
                placed = self._add_content(value) and placed
            elif key == "finishReason":
                self.finish_reason = _reason(value)
            else:
                grow(self._extra, key, value)
        return placed

    def _add_content(self, content: Json) -> bool:
        if not isinstance(content, dict):
            grow(self._extra, "content", content)
            return False
        placed = True
        for key, value in content.items():
            if key == "parts" and isinstance(value, list):
                for part in value:
                    placed = self._parts.add(part) and placed
            elif key != "role" and value is not None:
                grow(self._extra, key, value)
                placed = placed and key != "parts"
        return placed

    def finish(self) -> tuple[Message, bool]:
        """(the message, whether everything in it was placed)."""
        parts, placed = self._parts.finish()
        message = Message(
            "assistant",
            parts or None,
            tool_calls=read_calls(parts),
            reasoning=read_thoughts(parts),
            finish_reason=self.finish_reason,
            extra=self._extra,
        )
        return message, placed


def _reason(value: Json) -> str:
    numbered = isinstance(value, int) and 0 <= value < len(_REASONS)
    return _REASONS[value] if numbered else str(value)


def grow(into: dict[str, Json], key: str, value: Json) -> None:
    """A later value of a field: lists within objects grow, unless the later one repeats what was there."""
    held = into.get(key)
    if not isinstance(value, dict):
        merge_field(into, key, value)
    elif not isinstance(held, dict):
        into[key] = {name: [*item] if isinstance(item, list) else item for name, item in value.items()}
    else:
        for name, item in value.items():
            _grow_list(held, name, item, cumulative=key != "logprobsResult")


def _grow_list(held: dict[str, Json], name: str, item: Json, cumulative: bool) -> None:
    before = held.get(name)
    if not isinstance(item, list):
        merge_field(held, name, item)
    elif not isinstance(before, list) or (cumulative and item[: len(before)] == before):
        held[name] = [*item]
    else:
        before += item


class GeminiAnswer:
    """Takes in the responses of one answer."""

    def __init__(self) -> None:
        self._candidates: dict[int, _Candidate] = {}
        self._names: dict[str, str] = {}
        self._usage: dict[str, Json] = {}
        self._extra: dict[str, Json] = {}
        self._error: CallError | None = None
        self._lossy = False
        self._first_content: int | None = None
        self._first_tool: int | None = None

    def take(self, response: dict[str, Json] | None, end: int) -> None:
        """Takes in one response, that of the event that ends at `end`."""
        if response is None:
            self._lossy = True
            return
        for key, value in response.items():
            if value is not None:
                self._take(key, value, end)

    def _take(self, key: str, value: Json, end: int) -> None:
        if key == "candidates" and isinstance(value, list):
            for position, candidate in enumerate(value):
                self._add(candidate, position, end)
        elif key == "usageMetadata" and isinstance(value, dict):
            self._usage = later_usage(self._usage, value)
        elif key == "response" and isinstance(value, dict):
            self.take(value, end)  # Code Assist wraps it
        elif key in _NAMES and isinstance(value, str):
            self._names.setdefault(key, value)
        else:
            self._keep(key, value)

    def _keep(self, key: str, value: Json) -> None:
        grow(self._extra, key, value)
        if key == "error":
            self._error = self._error or read_error(value)
        elif key == "promptFeedback" and isinstance(value, dict) and value.get("blockReason"):
            self._error = CallError("the prompt was blocked", "prompt_blocked", str(value["blockReason"])[:255])
        elif key in {"candidates", "usageMetadata"}:
            self._lossy = True

    def _add(self, candidate: Json, position: int, end: int) -> None:
        if not isinstance(candidate, dict):
            self._lossy = True
            return
        index = candidate.get("index")
        place = index if isinstance(index, int) else position
        held = self._candidates.get(place)
        if held is None and len(self._candidates) >= MOST_ANSWERS:
            self._lossy = True
            return
        if held is None:
            held = self._candidates[place] = _Candidate()
        self._lossy = not held.add(candidate) or self._lossy
        self._mark(candidate.get("content"), end)

    def _mark(self, content: Json, end: int) -> None:
        if self._first_content is not None and self._first_tool is not None:
            return
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if self._first_content is None and says(part):
                self._first_content = end
            if self._first_tool is None and is_call(part):
                self._first_tool = end

    def finish(self, streamed: bool) -> Answered:
        """What was answered. A stream is whole when each candidate says why it ended; a response is always."""
        finished = [candidate.finish() for _, candidate in sorted(self._candidates.items())]
        messages = tuple(message for message, _ in finished)
        ended = bool(messages) and all(message.finish_reason for message in messages)
        blocked = self._error is not None and self._error.type == "prompt_blocked"
        said = messages or self._error or "totalTokens" in self._extra
        return Answered(
            model=self._names.get("modelVersion"),
            response_id=self._names.get("responseId"),
            messages=messages,
            usage=read_usage(self._usage),
            error=self._error,
            extra=self._extra,
            finished=not streamed or ended or blocked,
            lossy=self._lossy or not all(placed for _, placed in finished) or (not said and not streamed),
            first_content=self._first_content if streamed else None,
            first_tool=self._first_tool if streamed else None,
        )
