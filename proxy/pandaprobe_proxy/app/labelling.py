"""Gives a score to a session, a trace or a span, through whoever holds the one writer."""

import os
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import msgspec
from pydantic import ValidationError

from pandaprobe_proxy.app.stores import open_only_writer
from pandaprobe_proxy.app.web_port import find_address, request
from pandaprobe_proxy.ingest.labels import PostedLabel, make_score
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.labels import Calibrated
from pandaprobe_proxy.store.shapes import score_json


def add_score(settings: Settings, posted: dict[str, Any]) -> dict[str, Any]:
    """`posted` as `POST /scores` takes it; the score as JSON. Raises StoreError, and ValueError with what is wrong."""
    at_ns = time.time_ns()
    try:
        score = make_score(PostedLabel.model_validate(posted), make_id(at_ns, os.urandom(10)), at_ns)
    except ValidationError as error:
        raise ValueError("; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())) from error
    address = find_address(settings)
    if address:
        answer = request(address, "POST", "/scores", posted)
        if answer is None:
            raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
        return answer
    with closing(open_only_writer(settings)) as writer:
        return dict(score_json(writer.add_score(_redact(settings, score))))


def keep_calibrated(settings: Settings, calibrated: Sequence[Calibrated]) -> None:
    """Keeps what labels say of evaluators. Raises StoreError."""
    address = find_address(settings)
    if address:
        if request(address, "POST", "/calibrations", {"calibrated": msgspec.to_builtins(calibrated)}) is None:
            raise StoreError("the sidecar that runs is of an older version; stop it, or start it again.")
        return
    with closing(open_only_writer(settings)) as writer:
        for one in calibrated:
            writer.put_calibrated(one)


def _redact(settings: Settings, score: Any) -> Any:
    """As the sidecar does with what is posted to it."""
    from dataclasses import replace

    from pandaprobe_proxy.app.record import installation_key
    from pandaprobe_proxy.capture.redact import Redactor

    clean = Redactor(installation_key(settings.data_dir), settings.redact).json
    told = {name: clean(getattr(score, name)) for name in ("name", "value", "reason", "author", "metadata")}
    return replace(score, **told)
