"""`tool_errors`: how many of the tools' results are errors.

A result is one if the wire says so, if it is a JSON object that says so, or if its text begins or ends like one. Only
the first and the last words count: a file or a page that was read may well speak of errors. Against flags of two kinds
of tools such rules have a precision of 0.995 and a recall of 0.97 (evaluation reference, §3.4).
"""

import re
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.model.call import Json, Message
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "tool_errors", 1
MOST_EVIDENCE = 20
_HEAD, _TAIL = 200, 400
_BEGINS = re.compile(
    r"""\s*[\[(<*`"']*\s*(?:
      (?:an?\s+|tool\s+|execution\s+|internal\s+|fatal\s+|runtime\s+|syntax\s+|invalid\s+)*(?:error|exception)\b
        (?!s?\s*(?:count|rate|handling|log|message|code|page)s?\b)
      | (?:[A-Z]\w*\.)*[A-Z]\w*(?:Error|Exception)\b
      | traceback\ \(most\ recent
      | (?:failed|failure|unable|could\ not|cannot|can't|couldn't)\b
      | fatal:|panic:|unknown\ (?:command|tool|function)|permission\ denied|access\ denied|command\ not\ found
      | (?:request\ )?timed\ out|invalid\ (?:argument|parameter|input|request|syntax|json)
      | (?:HTTP(?:/[\d.]+)?\s+|status(?:\s+code)?[:\s]+)[45]\d\d\b
      | (?:exit\ (?:code|status)|returned\ non-zero)[:\s]+[1-9]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SAYS = re.compile(
    r"^Traceback \(most recent call last\)|^-{20,}\n\w+(?:Error|Exception)\b|^(?:\w+\.)*\w+(?:Error|Exception): "
    r"|(?:command not found|No such file or directory)\s*$|(?:exit(?:ed with)? (?:code|status))[:\s]+[1-9]\d*\s*$",
    re.MULTILINE,
)
_FAILED = frozenset({"error", "failed", "failure", "errored"})
_LEADING = re.compile(r"\s*(?:Observation|Tool (?:output|result)|Execution result)[^\n:]{0,60}:\s*", re.IGNORECASE)


def tells_error(message: Message, text: str) -> bool:
    """Whether a tool's result says that the tool failed."""
    extra: dict[str, Any] = message.extra
    if extra.get("is_error") is True or extra.get("isError") is True or extra.get("status") in _FAILED:
        return True
    text = _LEADING.sub("", text, count=1) if message.role == "user" else text
    if text.lstrip()[:1] == "{":
        value = _parse(text)
        if isinstance(value, dict):
            return _says_error(value)
    return bool(_BEGINS.match(text[:_HEAD]) or _SAYS.search(text[:_HEAD]) or _SAYS.search(text[-_TAIL:]))


def _parse(text: str) -> Json:
    try:
        return parse_json(text)
    except ValueError:
        return None


def _says_error(value: dict[str, Json]) -> bool:
    told = value.get("error") or value.get("errors") or value.get("Error") or value.get("exception")
    if told and told not in ("none", "None", "null"):
        return True
    if value.get("success") is False or value.get("ok") is False or value.get("isError") is True:
        return True
    status, code = value.get("status"), value.get("exit_code", value.get("exitCode", value.get("returncode", 0)))
    if isinstance(status, str) and status.lower() in _FAILED:
        return True
    return isinstance(code, int) and code != 0


def evaluate(session: Session) -> Judgement:
    """1 − errors / results; null without results."""
    results = session.results
    failed = [use for use in results if use.failed]
    counts = {
        "results": len(results),
        "errors": len(failed),
        "ends_on_error": int(bool(results) and results[-1].failed),
    }
    evidence = tuple(use.result.quote(f"{use.name} failed") for use in failed if use.result)[:MOST_EVIDENCE]
    if not results:
        return Judgement(NAME, VERSION, None, "no tool results", counts)
    value = 1 - len(failed) / len(results)
    return Judgement(NAME, VERSION, value, f"{len(failed)} of {len(results)} results are errors", counts, evidence)
