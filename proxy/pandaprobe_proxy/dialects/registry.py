"""Every dialect that is known. To add one, add its line."""

from pandaprobe_proxy.dialects import (
    cohere_chat,
    cohere_chat_v1,
    cohere_embeddings,
    gemini,
    gemini_caches,
    gemini_embeddings,
    gemini_interactions,
    lmstudio_chat,
    mistral_completions,
    mistral_conversations,
    mistral_ocr,
    ollama,
    ollama_embeddings,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_models,
    rerank,
)
from pandaprobe_proxy.dialects.base import Dialect
from pandaprobe_proxy.model.exchange import Headers

DIALECTS: tuple[Dialect, ...] = (
    cohere_chat.DIALECT,
    cohere_chat_v1.DIALECT,
    cohere_embeddings.DIALECT,
    gemini.DIALECT,
    gemini_caches.DIALECT,
    gemini_embeddings.DIALECT,
    gemini_interactions.DIALECT,
    lmstudio_chat.DIALECT,
    mistral_completions.DIALECT,
    mistral_conversations.DIALECT,
    mistral_ocr.DIALECT,
    ollama.DIALECT,
    ollama_embeddings.DIALECT,
    openai_chat.DIALECT,
    openai_completions.DIALECT,
    openai_embeddings.DIALECT,
    openai_models.DIALECT,
    rerank.DIALECT,
)


def find(method: str, path: str, headers: Headers) -> Dialect | None:
    """The dialect of a request to `path` (without its query), or None: then nothing of it is decoded."""
    return next((dialect for dialect in DIALECTS if dialect.matches(method, path, headers)), None)
