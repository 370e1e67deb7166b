"""Every dialect that is known. To add one, add its line."""

from pandaprobe_proxy.dialects import (
    anthropic_batches,
    anthropic_complete,
    anthropic_messages,
    bedrock_agents,
    bedrock_converse,
    bedrock_invoke,
    cohere_chat,
    cohere_chat_v1,
    cohere_embeddings,
    gemini,
    gemini_caches,
    gemini_embeddings,
    gemini_interactions,
    gemini_live,
    llamacpp,
    lmstudio_chat,
    mistral_completions,
    mistral_conversations,
    mistral_ocr,
    ollama,
    ollama_embeddings,
    openai_chat,
    openai_completions,
    openai_decisions,
    openai_embeddings,
    openai_files,
    openai_images,
    openai_models,
    openai_moderations,
    openai_realtime,
    openai_responses,
    openai_responses_compact,
    openai_responses_count,
    openai_responses_retrieve,
    openai_responses_state,
    openai_runs,
    openai_searches,
    openai_speech,
    openai_state,
    openai_transcriptions,
    openai_videos,
    rerank,
    responses_socket,
    vertex_anthropic,
)
from pandaprobe_proxy.dialects.base import Dialect
from pandaprobe_proxy.dialects.sockets import SocketDialect
from pandaprobe_proxy.model.exchange import Headers

DIALECTS: tuple[Dialect, ...] = (
    anthropic_batches.DIALECT,
    anthropic_complete.DIALECT,
    anthropic_messages.DIALECT,
    bedrock_agents.DIALECT,
    bedrock_converse.DIALECT,
    bedrock_invoke.DIALECT,
    cohere_chat.DIALECT,
    cohere_chat_v1.DIALECT,
    cohere_embeddings.DIALECT,
    gemini.DIALECT,
    gemini_caches.DIALECT,
    gemini_embeddings.DIALECT,
    gemini_interactions.DIALECT,
    llamacpp.DIALECT,
    lmstudio_chat.DIALECT,
    mistral_completions.DIALECT,
    mistral_conversations.DIALECT,
    mistral_ocr.DIALECT,
    ollama.DIALECT,
    ollama_embeddings.DIALECT,
    openai_chat.DIALECT,
    openai_completions.DIALECT,
    openai_decisions.DIALECT,
    openai_embeddings.DIALECT,
    openai_files.DIALECT,
    openai_images.DIALECT,
    openai_models.DIALECT,
    openai_moderations.DIALECT,
    openai_responses.DIALECT,
    openai_responses_compact.DIALECT,
    openai_responses_count.DIALECT,
    openai_responses_retrieve.DIALECT,
    openai_responses_state.DIALECT,
    openai_runs.DIALECT,
    openai_searches.DIALECT,
    openai_speech.DIALECT,
    openai_state.DIALECT,
    openai_transcriptions.DIALECT,
    openai_videos.DIALECT,
    rerank.DIALECT,
    vertex_anthropic.DIALECT,
)


def find(method: str, path: str, headers: Headers) -> Dialect | None:
    """The dialect of a request to `path` (without its query), or None: then nothing of it is decoded."""
    return next((dialect for dialect in DIALECTS if dialect.matches(method, path, headers)), None)


SOCKETS: tuple[SocketDialect, ...] = (gemini_live.SOCKET, openai_realtime.SOCKET, responses_socket.SOCKET)
"""Those that are spoken over an upgraded connection."""


def find_socket(method: str, path: str, headers: Headers) -> SocketDialect | None:
    """The dialect of a connection that was upgraded at `path`."""
    return next((dialect for dialect in SOCKETS if dialect.matches(method, path, headers)), None)
