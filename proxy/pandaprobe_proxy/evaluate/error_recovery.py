"""`error_recovery`: which errors of tools were made good.

An error is recovered from if the same tool succeeds later in the session. Of recorded sessions those without an error
failed in 43 %, those that recovered from all of them in 33 %, those with one that was not made good in 64 %
(evaluation reference, §3.1): having recovered is no flaw, however many tries it took; the tries are counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pandaprobe_proxy.evaluate.session import Session, Use
from pandaprobe_proxy.model.score import Judgement, Quote

NAME, VERSION = "error_recovery", 1
MOST_EVIDENCE = 20


@dataclass(slots=True)
class Episode:
    """A tool that failed, once or more, until it succeeded."""

    failures: list[Use] = field(default_factory=list)
    success: Use | None = None

    @property
    def same_again(self) -> bool:
        """It succeeded with the very arguments that it had failed with."""
        return self.success is not None and self.success.key == self.failures[-1].key


def find_episodes(uses: Iterable[Use]) -> list[Episode]:
    """By when they began. Uses without a result are no part of any."""
    episodes: list[Episode] = []
    failing: dict[str, Episode] = {}
    for use in uses:
        if use.failed:
            if use.name not in failing:
                failing[use.name] = Episode()
                episodes.append(failing[use.name])
            failing[use.name].failures.append(use)
        elif use.succeeded and use.name in failing:
            failing.pop(use.name).success = use
    return episodes


def evaluate(session: Session) -> Judgement:
    """Recovered / errors; null without errors."""
    episodes = find_episodes(session.uses)
    mended = [episode for episode in episodes if episode.success]
    recovered = sum(len(episode.failures) for episode in mended)
    errors = sum(len(episode.failures) for episode in episodes)
    counts = {
        "errors": errors,
        "recovered": recovered,
        "unrecovered": errors - recovered,
        "max_retries": max((len(episode.failures) for episode in mended), default=0),
        "same_again": sum(episode.same_again for episode in mended),
    }
    if not errors:
        return Judgement(NAME, VERSION, None, "no errors", counts)
    broken_first = sorted(episodes, key=lambda episode: episode.success is not None)
    evidence = tuple(quote for episode in broken_first for quote in _quote(episode))[:MOST_EVIDENCE]
    return Judgement(NAME, VERSION, recovered / errors, f"{recovered} of {errors} errors made good", counts, evidence)


def _quote(episode: Episode) -> Iterable[Quote]:
    name = episode.failures[0].name
    what = "failed" if episode.success else "failed, and did not succeed after"
    yield from (use.result.quote(f"{name} {what}") for use in episode.failures if use.result)
    if episode.success:
        yield episode.success.quote(f"{name} succeeded after {len(episode.failures)} failures")
