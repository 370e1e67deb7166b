"""`init`, `flush`, `shutdown`, `score`, `close_session`, and the Client that they stand for.

Nothing here raises into the app.
"""

from typing import Any
from urllib.parse import quote

from pandaprobe import settings
from pandaprobe.context import check_id, current_session
from pandaprobe.encode import to_json, to_text
from pandaprobe.kinds import ScoreDataType
from pandaprobe.tracing import start_trace
from pandaprobe.transport import transport


class Client:
    """The shim as an object, for code that holds one. All of them share one queue."""

    @property
    def enabled(self) -> bool:
        return settings.current().enabled

    @property
    def config(self) -> settings.Settings:
        return settings.current()

    def trace(self, name: str, **given: Any) -> Any:
        return start_trace(name, **given)

    def score(self, trace_id: str, name: str, value: str, **given: Any) -> None:
        score(trace_id, name, value, **given)

    def flush(self, timeout: float = 30.0) -> bool:
        return flush(timeout)

    def shutdown(self) -> None:
        shutdown()


_client = Client()


def init(*, proxy: str | None = None, endpoint: str | None = None, **given: Any) -> Client:
    """Settings by hand; what is not given comes from the environment, which is read again.

    Args:
        proxy: The relay's address, such as `http://127.0.0.1:4100`.
        endpoint: The web port's, to which traces are posted.
        given: `enabled`, `api_key`, `project_name`, `environment`, `release`, `max_queue_size`, `debug`; the official
            SDK's other parameters are taken and not needed.
    """
    settings.use(settings.read(proxy, endpoint, **given))
    transport.restart()
    return _client


def get_client() -> Client | None:
    """The client, if there is a sidecar in sight."""
    return _client if settings.current().enabled else None


def flush(timeout: float = 30.0) -> bool:
    """Waits until everything is posted or given up; False if the time passed first."""
    return transport.flush(timeout)


def shutdown() -> None:
    """Posts what it can within two seconds, and nothing after that. `init` begins anew."""
    transport.shutdown()


def close_session(session_id: str | None = None) -> None:
    """Says that a session is over: that one, or the one that this code runs in. Posted after what was posted before."""
    closed = current_session() if session_id is None else check_id(session_id, "session")
    if closed is not None and settings.current().enabled:
        transport.put(f"/sessions/{quote(closed, safe='')}/close", b"{}")


def score(  # noqa: PLR0913 - the official signature
    trace_id: str,
    name: str,
    value: Any,
    *,
    data_type: str = "NUMERIC",
    reason: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Posts a judgement of a trace.

    Args:
        trace_id: The trace's id, which it may get later than its score.
        name: What is judged.
        value: A number, `true` or `false`, or a word.
        data_type: NUMERIC, BOOLEAN or CATEGORICAL.
        reason: Why.
        metadata: Any values.
    """
    if not settings.current().enabled:
        return
    kind = to_text(data_type).upper()
    body = {
        "trace_id": to_text(trace_id),
        "name": to_text(name),
        "value": to_text(value).lower() if isinstance(value, bool) else to_text(value),
        "data_type": kind if kind in ScoreDataType.__members__ else ScoreDataType.NUMERIC.value,
        "source": "PROGRAMMATIC",
        "reason": reason,
        "metadata": metadata,
    }
    transport.put("/evaluations/trace-scores", to_json({key: item for key, item in body.items() if item is not None}))
