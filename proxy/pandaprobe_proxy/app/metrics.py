"""What Prometheus sees of the sidecar: the loss numbers, and what the recorder knows of each call. Never a session.

What the relay counts outlives a recorder; the rest begins anew with each, as counters of Prometheus may.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from pandaprobe_proxy import __version__
from pandaprobe_proxy.model.call import Call, Marks
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.store.batch import Batch

MODELS = 50
OTHER = "other"
OVERHEAD_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
DURATION_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(4**n for n in range(14))
Told = Mapping[str, Any]
SECOND_NS = 1_000_000_000
GEN_AI = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Metrics:
    """`observe` what was committed, `render` all.

    `ask()` is the relay's own status, None if it does not answer; `lost()` how many calls recorders of this run have
    dropped, the ones before this included; `store_bytes()` the size of the store on disk.
    """

    def __init__(self, ask: Callable[[], Told | None], lost: Callable[[], int], store_bytes: Callable[[], int]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._ask = ask
        self._lost = lost
        self._store_bytes = store_bytes
        self._dropped: dict[str, int] | None = None  # replaced, never changed: another thread reads it
        self._models: set[str] = set()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a sample more for each, which nobody asks
        self._make()

    def _make(self) -> None:
        Info("pandaprobe_build", "The sidecar's version.", registry=self._registry).info({"version": __version__})
        self._requests = Counter(
            "pandaprobe_requests_total",
            "Calls that were recorded, by upstream, model, status and how they ended.",
            ("provider", "model", "code", "outcome"),
            registry=self._registry,
        )
        self._overhead = self._histogram(
            "pandaprobe_relay_overhead_seconds",
            "From a request's head to its last byte going upstream: with what the client takes to send its body.",
            (),
            OVERHEAD_S,
        )
        self._first = self._histogram(
            "pandaprobe_time_to_first_token_seconds",
            "From the request to the first content of a streamed answer.",
            ("provider", "model"),
        )
        self._duration = self._histogram(
            "pandaprobe_request_duration_seconds",
            "From the request to the end of its answer.",
            ("provider", "model"),
        )
        self._write = self._histogram("pandaprobe_store_write_seconds", "What a commit took.", ())
        self._operation = self._histogram("gen_ai_client_operation_duration", "Seconds that a call took.", GEN_AI)
        self._tokens = self._histogram(
            "gen_ai_client_token_usage", "Tokens of a call.", (*GEN_AI, "gen_ai_token_type"), TOKENS
        )

    def _histogram(
        self, name: str, what: str, labels: Sequence[str], buckets: Sequence[float] = DURATION_S
    ) -> Histogram:
        return Histogram(name, what, labels, buckets=buckets, registry=self._registry)

    def begin(self, dropped: Mapping[str, int]) -> None:
        """What recorders before this one have dropped of the run, as far as the store knows."""
        missing = self._lost() - sum(dropped.values())
        self._dropped = {**dropped, **({"by_recorder": missing} if missing > 0 else {})}

    def observe(self, batch: Batch, took_s: float) -> None:
        """Counts what a commit has stored."""
        self._write.observe(took_s)
        if batch.dropped:
            self._dropped = _together(self._dropped or {}, batch.dropped)
        for record in batch.records:
            self._count(record)

    def _count(self, record: Record) -> None:
        upstream, model = record.opened.upstream, self._model(record.call)
        self._requests.labels(upstream, model, str(record.status or ""), str(record.outcome)).inc()
        marks = record.marks
        if marks.sent is not None:
            self._overhead.observe(marks.sent / SECOND_NS)
        if marks.ended is not None:
            self._duration.labels(upstream, model).observe(marks.ended / SECOND_NS)
        for call in _calls(record):
            self._count_call(call, upstream)

    def _count_call(self, call: Call, upstream: str) -> None:
        model = self._model(call)
        labels = (call.operation, upstream, model)
        first = _first(call.marks)
        if call.streamed and first is not None:
            self._first.labels(upstream, model).observe(first / SECOND_NS)
        if call.marks.ended is not None:
            self._operation.labels(*labels).observe(call.marks.ended / SECOND_NS)
        for kind, count in (("input", call.usage.input), ("output", call.usage.output)):
            if count is not None:
                self._tokens.labels(*labels, kind).observe(count)

    def _model(self, call: Call | None) -> str:
        """The model's label: its name for the first 50 models, then `other`; names are the callers'."""
        name = (call.requested_model or call.model or "")[:100] if call else ""
        if name not in self._models and len(self._models) >= MODELS:
            return OTHER
        self._models.add(name)
        return name

    def render(self) -> bytes:
        """Everything in Prometheus's text format; without the relay's numbers if it does not answer."""
        # Before the relay is asked: what is dropped meanwhile is in flight, and nothing is counted twice.
        dropped = self._dropped
        told = self._ask()
        moment = CollectorRegistry(auto_describe=False)
        families = [*self._sizes(told), *(_losses(told, dropped) if dropped is not None else ())] if told else []
        moment.register(_Moment(families))
        return generate_latest(self._registry) + generate_latest(moment)

    def _sizes(self, told: Told) -> Iterable[Metric]:
        relay, recorder, ring = told["relay"], told["recorder"], told["ring"]
        yield _counters("pandaprobe_refused", "Requests that never became calls, and why.", relay["refused"])
        yield _gauge("pandaprobe_streams_active", "Calls that run.", relay["open"])
        yield _gauge("pandaprobe_capture_queue_bytes", "What waits between relay and recorder.", ring["used"])
        yield _gauge("pandaprobe_capture_queue_limit_bytes", "How much may wait there.", ring["capacity"])
        yield _gauge("pandaprobe_store_bytes", "Database and write-ahead log.", self._store_bytes())
        yield _gauge("pandaprobe_recorder_ok", "1 while calls can be stored.", int(recorder["state"] == "ok"))
        yield _counter("pandaprobe_recorder_restarts", "Recorders that ended or hung.", recorder["restarts"])


def _losses(told: Told, dropped: Mapping[str, int]) -> Iterable[Metric]:
    """At every scrape: relayed = captures + dropped + in flight."""
    relay, recorder = told["relay"], told["recorder"]
    waiting = relay["ended"] - recorder["recorded"] - sum(dropped.values())
    yield _counter("pandaprobe_relayed", "Calls whose head was relayed.", relay["relayed"])
    yield _counter("pandaprobe_captures", "Calls that were recorded.", recorder["recorded"])
    lost = _together(relay["dropped"], dropped)
    yield _counters("pandaprobe_captures_dropped", "Calls that were not recorded, and why.", lost)
    yield _gauge("pandaprobe_captures_in_flight", "Calls that run or are not committed.", relay["open"] + waiting)


def _together(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in {*one, *other}}


class _Moment:
    """A collector of what is so now."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _calls(record: Record) -> tuple[Call, ...]:
    """The calls of an exchange: of a connection its turns."""
    if record.call is None:
        return ()
    return tuple(turn.call for turn in record.call.turns) or (record.call,)


def _first(marks: Marks) -> int | None:
    moments = [moment for moment in (marks.first_content, marks.first_tool) if moment is not None]
    return min(moments, default=None)


def _counter(name: str, what: str, value: int) -> Metric:
    return CounterMetricFamily(name, what, value)


def _counters(name: str, what: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, what, labels=("reason",))
    for reason, value in sorted(values.items()):
        family.add_metric((reason,), value)
    return family


def _gauge(name: str, what: str, value: int) -> Metric:
    return GaugeMetricFamily(name, what, value)
