"""What a comparison says, as Markdown."""

import os
import platform
import statistics
from pathlib import Path

from contenders import RATE, SLOW, SLOW_RATE, SLOW_STREAMS, STREAMS, version_of
from goals import derive, judge

NOTES = "## Where the time goes"
ROWS = (
    ("requests/s, 16 connections", "per_s", "{:,.0f}"),
    ("CPU µs/request, saturated", "saturated_us", "{:.0f}"),
    ("CPU µs/request, fixed rate", "request_us", "{:.0f}"),
    ("  and of other processes", "recorder_us", "{:.0f}"),
    ("latency p50 ms", "p50_ms", "{:.3f}"),
    ("latency p99 ms", "p99_ms", "{:.3f}"),
    ("CPU µs/stream event", "event_us", "{:.1f}"),
    ("  and of other processes", "event_recorder_us", "{:.1f}"),
    ("event delay p50 ms", "chunk_p50_ms", "{:.2f}"),
    ("event delay p99 ms", "chunk_p99_ms", "{:.2f}"),
    ("events missing", "missing", "{:.0f}"),
    ("10 MB up ms", "up_ms", "{:.1f}"),
    ("5 MB down ms", "down_ms", "{:.1f}"),
    ("memory idle MB", "idle_mb", "{:.0f}"),
    ("memory per stream KB", "stream_kb", "{:.0f}"),
    ("start s", "start_s", "{:.2f}"),
)


def write_table(figures, versions):
    """The table as Markdown."""
    names = list(figures)
    lines = [
        "| | " + " | ".join(f"{name} {versions[name]}".strip() for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for title, key, form in ROWS:
        cells = [form.format(figures[name][key]) if key in figures[name] else "" for name in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def write_report(measured, lost, missing, cache, asked):
    """The lines of a report: the table, what was not measured, the goals, and what became of the calls."""
    figures = derive(
        {name: {key: statistics.median(values) for key, values in of.items()} for name, of in measured.items()}
    )
    versions = {name: version_of(name, cache) for name in figures}
    yield from write_table(figures, versions)
    yield ""
    yield f"{asked} Calls have 4 KB up and down at {RATE}/s; streams are {STREAMS}, of 50 events a second each."
    yield f"{', '.join(sorted(SLOW))} are asked {SLOW_RATE}/s and {SLOW_STREAMS} streams. Only pandaprobe records."
    yield "Memory per stream is what the open ones add to what was held just before them, what they have said included."
    for name, why in missing.items():
        yield f"Not measured: {name}, since {why}."
    yield ""
    goals = list(judge(figures))
    if goals:
        yield "| goal | measured | limit | |"
        yield "|---|---|---|---|"
    for name, found, limit, held in goals:
        yield f"| {name} | {found} | {limit} | {'held' if held else '**missed**'} |"
    if lost:
        yield ""
        dropped = lost["dropped"] or "none"
        yield f"Calls in the last round: {lost['relayed']} relayed, {lost['recorded']} recorded, {dropped} dropped."


def read_notes(path):
    """What people have written below the figures of a report, which another run leaves as it is."""
    text = path.read_text() if path.exists() else ""
    return text[text.index(NOTES) :] if NOTES in text else NOTES + "\n"


def describe_machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    system = f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}), {system}"
