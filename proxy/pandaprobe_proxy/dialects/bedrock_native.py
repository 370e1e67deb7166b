"""Bodies of the models behind Bedrock's InvokeModel, each model its own: told apart by what they hold.

Anthropic's are Anthropic's and Nova's are Converse's; gpt-oss, DeepSeek and others speak as OpenAI does; Titan, Llama,
Mistral and Cohere complete a text. Embeddings are kept as their number and length.
"""

from typing import Any

from pandaprobe_proxy.dialects import anthropic_bodies, bedrock_blocks
from pandaprobe_proxy.dialects.base import Answered, Asked
from pandaprobe_proxy.dialects.bedrock_texts import NativeTexts
from pandaprobe_proxy.dialects.bedrock_usage import read_usage
from pandaprobe_proxy.dialects.openai_fields import pop_typed, read_rest, without_nulls
from pandaprobe_proxy.dialects.openai_fields import read_usage as read_openai_usage
from pandaprobe_proxy.dialects.openai_messages import read_choice, read_message
from pandaprobe_proxy.dialects.openai_prompts import read_prompts
from pandaprobe_proxy.dialects.vectors import describe_vectors
from pandaprobe_proxy.model.call import Message

Json = Any
_CONVERSE = frozenset({"schemaVersion", "inferenceConfig", "toolConfig"})
_PROMPTS = ("prompt", "inputText", "texts", "query")
_OPERATIONS = (("embed", "embeddings"), ("rerank", "rerank"))


def read_native_request(body: dict[str, Json], model: str | None, stream: bool) -> Asked:
    """What a request asks."""
    if "anthropic_version" in body:
        return anthropic_bodies.read_request(body, model, stream)
    if not _CONVERSE.isdisjoint(body) or _has_untyped_content(body.get("messages")):
        return bedrock_blocks.read_request(body, model, stream)
    rest = dict(body)
    messages = pop_typed(rest, "messages", list)
    read = tuple(read_message(message) for message in messages) if messages else _read_texts(rest)
    tools = pop_typed(rest, "tools", list) or []
    return Asked(model, read, tuple(tools), rest, stream, operation=_read_operation(body, model or ""))


def _read_operation(body: dict[str, Json], model: str) -> str | None:
    """What is asked for where that is no chat."""
    named = next((name for part, name in _OPERATIONS if part in model), None)
    if named is not None or "taskType" in body:
        return named or "images"
    return "text_completion" if "prompt" in body or "inputText" in body else None


def _has_untyped_content(messages: Json) -> bool:
    """Whether messages hold blocks that have no type, as those of Converse."""
    first = messages[0] if isinstance(messages, list) and messages else None
    content = first.get("content") if isinstance(first, dict) else None
    return isinstance(content, list) and bool(content) and isinstance(content[0], dict) and "type" not in content[0]


def _read_texts(rest: dict[str, Json]) -> tuple[Message, ...]:
    """A prompt, or a Cohere chat: its preamble, history and message."""
    history = pop_typed(rest, "chat_history", list) or []
    preamble = pop_typed(rest, "preamble", str)
    turns = [Message("system", preamble)] if preamble else []
    turns += [_read_turn(turn) for turn in history]
    for key in _PROMPTS:
        turns += read_prompts(rest.pop(key, None))
    message = pop_typed(rest, "message", str)
    return (*turns, Message("user", message)) if message is not None else tuple(turns)


def _read_turn(turn: Json) -> Message:
    if not isinstance(turn, dict):
        return Message("", turn)
    rest = dict(turn)
    role = str(rest.pop("role", ""))
    roles = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system", "TOOL": "tool"}
    return Message(roles.get(role, role), rest.pop("message", None), extra=without_nulls(rest))


def read_native_answer(body: dict[str, Json]) -> Answered:
    """What an answer says."""
    if isinstance(body.get("content"), list) or body.get("type") == "error":
        return anthropic_bodies.read_answer(body)
    if isinstance(body.get("output"), dict):
        return bedrock_blocks.read_answer(body)
    if isinstance(body.get("choices"), list):
        return _read_choices(body)
    texts = NativeTexts()
    return texts.finish() if texts.take(body) else _read_others(body)


def _read_choices(body: dict[str, Json]) -> Answered:
    usage, rest = read_rest(body)
    choices = [choice for choice in rest.pop("choices") if isinstance(choice, dict)]
    messages = [_read_completion(choice) if "text" in choice else read_choice(choice) for choice in choices]
    return Answered(
        model=pop_typed(rest, "model", str),
        response_id=pop_typed(rest, "id", str),
        messages=tuple(messages),
        usage=read_openai_usage(usage),
        extra=rest,
        lossy=len(choices) != len(body["choices"]),
    )


def _read_completion(choice: dict[str, Json]) -> Message:
    rest = without_nulls(choice)
    reason = rest.pop("stop_reason", rest.pop("finish_reason", None))
    rest.pop("index", None)
    return Message("assistant", rest.pop("text", None), finish_reason=reason or None, extra=rest)


def _read_others(body: dict[str, Json]) -> Answered:
    """Embeddings, images, ranks."""
    rest = without_nulls(body)
    vectors = list(_find_vectors(rest.get("embeddings"))) or list(_find_vectors([rest.get("embedding")]))
    if vectors:
        for key in ("embedding", "embeddings", "embeddingsByType"):
            rest.pop(key, None)
        rest |= describe_vectors(vectors)[0]
    known = vectors or not rest.keys().isdisjoint({"images", "artifacts", "results"})
    return Answered(usage=read_usage(rest), extra=rest, lossy=not known)


def _find_vectors(value: Json) -> list[list[Json]]:
    """The vectors of a list of them, of objects that hold one each, or by their type."""
    if isinstance(value, dict):
        return next((found for found in map(_find_vectors, value.values()) if found), [])
    items = [item.get("embedding") if isinstance(item, dict) else item for item in value or ()]
    return [item for item in items if isinstance(item, list)]
