"""What the body of a call says of its session, as its dialect has read it. Pure.

The conversation that a provider holds is one, and so is an id that a program puts among its parameters. The one before
(`previous_response_id`) is no name of a session; it is evidence, and read elsewhere.
"""

import re
from collections.abc import Iterator
from typing import Any

from pandaprobe_proxy.model.call import Call
from pandaprobe_proxy.model.session import Clue
from pandaprobe_proxy.sessions.clues import gather, make_clue, read_field
from pandaprobe_proxy.sessions.ladder import IN_BODIES, Rung

Json = Any
HELD = "conversation"
"""The rung of what the provider holds, wherever its dialect has the name of it."""
_MARKED = re.compile(r"user_[^_]*_account_[^_]*_session_(\S+)")
"""The older form of Claude Code's `metadata.user_id`; the newer is a JSON object."""


_FIELDS = frozenset(rung.name.split(".")[0] for rung in IN_BODIES)
"""Where a body can name one at all."""


def read_body_clues(call: Call) -> tuple[Clue, ...]:
    """Every different value under a name of the ladder, strongest first; of a connection, also those of its turns."""
    calls = (call, *(turn.call for turn in call.turns))
    return gather(
        make_clue(rung, rung.name, value)
        for each in calls
        if each.conversation_id is not None or not _FIELDS.isdisjoint(each.parameters)
        for rung in IN_BODIES
        for value in _find(rung, each)
    )


def _find(rung: Rung, call: Call) -> Iterator[str]:
    if rung.name == HELD and call.conversation_id is not None:
        yield call.conversation_id
    value = _dig(call.parameters, rung.name)
    text = _read_inside(value, rung.field) if value is not None and rung.field else value
    if text is not None:
        yield text


def _dig(fields: Json, path: str) -> str | None:
    """The text or whole number at a path; None if there is another kind of value, or nothing."""
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    if isinstance(fields, int) and not isinstance(fields, bool):
        return str(fields)
    return fields if isinstance(fields, str) else None


def _read_inside(text: str, field: str) -> str | None:
    """The session in a user's id that names one; that of a plain user names none."""
    marked = _MARKED.fullmatch(text)
    return marked[1] if marked else read_field(text, field)
