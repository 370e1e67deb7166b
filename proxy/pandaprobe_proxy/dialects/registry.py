"""Every dialect that is known. To add one, add its line."""

from pandaprobe_proxy.dialects import (
    openai_chat,
    openai_completions,
    openai_decisions,
    openai_embeddings,
    openai_files,
    openai_images,
    openai_models,
    openai_moderations,
    openai_runs,
    openai_searches,
    openai_speech,
    openai_state,
    openai_transcriptions,
    openai_videos,
)
from pandaprobe_proxy.dialects.base import Dialect
from pandaprobe_proxy.model.exchange import Headers

DIALECTS: tuple[Dialect, ...] = (
    openai_chat.DIALECT,
    openai_completions.DIALECT,
    openai_decisions.DIALECT,
    openai_embeddings.DIALECT,
    openai_files.DIALECT,
    openai_images.DIALECT,
    openai_models.DIALECT,
    openai_moderations.DIALECT,
    openai_runs.DIALECT,
    openai_searches.DIALECT,
    openai_speech.DIALECT,
    openai_state.DIALECT,
    openai_transcriptions.DIALECT,
    openai_videos.DIALECT,
)


def find(method: str, path: str, headers: Headers) -> Dialect | None:
    """The dialect of a request to `path` (without its query), or None: then nothing of it is decoded."""
    return next((dialect for dialect in DIALECTS if dialect.matches(method, path, headers)), None)
