"""What a gate found, as reports for pipelines."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from pandaprobe_proxy.evaluate.gate import Check


def to_markdown(checks: Sequence[Check]) -> str:
    """A table."""
    lines = ["| score | sessions | mean | lower bound | threshold | |", "|---|---|---|---|---|---|"]
    for one in checks:
        cells = [one.name, str(one.sessions), _number(one.mean), _number(one.low), f"{one.threshold:g}"]
        lines.append(f"| {' | '.join([*cells, 'passed' if one.passed else f'failed: {one.reason}'])} |")
    return "\n".join(lines) + "\n"


def to_junit(checks: Sequence[Check]) -> str:
    """A test suite with a case for each threshold."""
    failed = sum(not one.passed for one in checks)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="pandaprobe-proxy eval gate" tests="{len(checks)}" failures="{failed}">',
    ]
    for one in checks:
        case = f'<testcase classname="eval" name={quoteattr(f"{one.name} >= {one.threshold:g}")}'
        lines.append(f"{case}/>" if one.passed else f"{case}><failure message={quoteattr(one.reason)}/></testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
