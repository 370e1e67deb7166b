"""`POST /scores`: a score that a person or a program gives to a session, a trace or a span. No I/O of its own."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pandaprobe_proxy.evaluate.labels import BOOLEAN, find_problem, guess_type
from pandaprobe_proxy.ingest.pandaprobe import Reply, Route, checked, invalid
from pandaprobe_proxy.model.score import Score
from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.shapes import score_json

Json = Any
Text = Annotated[str, Field(min_length=1, max_length=255)]
MOST_REASON = 10_000
MOST_VALUE = 255


class PostedLabel(BaseModel):
    """A label as it is posted. It is of exactly one of a session, a trace and a span."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    value: str | float | bool
    session_id: Text | None = None
    trace_id: Text | None = None
    span_id: Text | None = None
    data_type: Literal["NUMERIC", "BOOLEAN", "CATEGORICAL"] | None = None
    """What the value looks like, if it is not said."""
    source: Literal["ANNOTATION", "PROGRAMMATIC"] = "PROGRAMMATIC"
    author: Text | None = None
    reason: Annotated[str, Field(max_length=MOST_REASON)] | None = None
    metadata: dict[str, Json] | None = None


class Unfit(ValueError):
    """What is posted is no score."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


def make_score(posted: PostedLabel, score_id: str, at_ns: int) -> Score:
    """The score. Raises Unfit with the field that is wrong."""
    targets = [posted.session_id, posted.trace_id, posted.span_id]
    if sum(target is not None for target in targets) != 1:
        raise Unfit("body", "name one of session_id, trace_id and span_id")
    value = str(posted.value)
    data_type = posted.data_type or guess_type(value)
    value = value.lower() if data_type == BOOLEAN else value
    problem = find_problem(value, data_type) or ("" if len(value) <= MOST_VALUE else "it is longer than 255 characters")
    if problem:
        raise Unfit("value", problem)
    told = {name: getattr(posted, name) for name in ("name", "trace_id", "session_id", "span_id", "source", "author")}
    return Score(
        score_id=score_id,
        value=value,
        data_type=data_type,
        at_ns=at_ns,
        reason=posted.reason,
        metadata=posted.metadata or {},
        **told,
    )


def _post_label(asked: Any, writer: Writer) -> Reply:
    try:
        score = make_score(PostedLabel.model_validate(asked.body), asked.new_id(), asked.at_ns)
    except Unfit as error:
        return invalid([{"field": error.field, "message": error.why}])
    return Reply(201, score_json(writer.add_score(score)))


ROUTES = (Route("POST", "/scores", checked(_post_label)),)
