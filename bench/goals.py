"""The goals that the sidecar is measured by, each beside what was measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`most` is a limit from above, or from below if `least`; of nginx's figure if `relative`."""

    name: str
    key: str
    most: float
    relative: bool = False
    least: bool = False
    unit: str = ""


GOALS = (
    Goal("relay CPU per request at 500/s", "request_us", 1.6, relative=True),
    Goal("relay CPU per stream event, 500 streams", "event_us", 1.6, relative=True),
    Goal("requests/s, 16 connections", "per_s", 0.5, relative=True, least=True),
    Goal("added p50 at 500/s", "added_p50_ms", 2.0, relative=True),
    Goal("added p99 at 500/s", "added_p99_ms", 2.0, relative=True),
    Goal("added chunk delay p99, 500 streams", "added_chunk_p99_ms", 3.0, unit="ms"),
    Goal("relay + recorder CPU per call of 4 KB", "whole_us", 600.0, unit="µs"),
    Goal("memory idle, all processes", "idle_mb", 90.0, unit="MB"),
    Goal("memory per open stream", "stream_kb", 40.0, unit="KB"),
    Goal("10 MB up", "up_ms", 1.3, relative=True),
    Goal("5 MB down", "down_ms", 1.3, relative=True),
    Goal("start to first byte relayed", "start_s", 0.5, unit="s"),
)


def derive(figures):
    """Figures that follow from others: what is added to going directly, and both processes together."""
    straight = figures.get("direct", {})
    for values in figures.values():
        for key in ("p50_ms", "p99_ms", "chunk_p50_ms", "chunk_p99_ms"):
            if key in values and key in straight:
                values[f"added_{key}"] = max(0.0, values[key] - straight[key])
        if "request_us" in values:
            values["whole_us"] = values["request_us"] + values["recorder_us"]
    return figures


def judge(figures):
    """(goal, measured, limit, held) of each goal whose figures are there."""
    ours, nginx = figures.get("pandaprobe", {}), figures.get("nginx", {})
    for goal in GOALS:
        if goal.key not in ours or (goal.relative and not nginx.get(goal.key)):
            continue
        measured = ours[goal.key] / (nginx[goal.key] if goal.relative else 1)
        held = measured >= goal.most if goal.least else measured <= goal.most
        unit = "x nginx" if goal.relative else goal.unit
        sign = "at least" if goal.least else "at most"
        yield goal.name, f"{measured:.2f} {unit}", f"{sign} {goal.most:g} {unit}", held
