"""The judge of `eval run`: its options, its key, and what is said while it works and afterwards."""

import functools
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from pandaprobe_proxy.cli.options import load_settings
from pandaprobe_proxy.cli.output import Failure, clean, dollars, say
from pandaprobe_proxy.settings import JUDGING, Settings, flag_of
from pandaprobe_proxy.store.judged import Choice

if TYPE_CHECKING:
    from pandaprobe_proxy.app.judge_endpoint import Endpoint
    from pandaprobe_proxy.app.judging import Judging, Wish
    from pandaprobe_proxy.evaluate.criteria import Criterion

MOST_TOLD = 3
WIDTH = 24
JUDGE = "a judge"
"""Where a judge's evaluators come from."""
_METAVARS = {"judge_url": "URL", "judge_model": "MODEL", "judge_key_env": "NAME", "judge_rubrics": "FILE"}


def judging(function: Callable[..., None]) -> Callable[..., None]:
    """An option for each setting of a judge; the command is given their values, by the names of the settings."""
    names = [name for name in Settings.model_fields if name.startswith(JUDGING)]
    options = [
        click.option(
            flag_of(name),
            name,
            metavar=_METAVARS.get(name, "N"),
            multiple=name == "judge_rubrics",
            help=Settings.model_fields[name].description,
        )
        for name in names
    ]
    options += [
        click.option("--no-judge", is_flag=True, help="Ask no judge, whatever the settings say."),
        click.option("--again", is_flag=True, help="Ask the judge again where its answer could not be read."),
    ]
    return functools.reduce(lambda made, option: option(made), reversed(options), function)


def load_judge(data_dir: str | None, given: dict[str, Any]) -> Settings:
    """Settings with these flags of a judge."""
    flags = {name: value for name, value in given.items() if name.startswith(JUDGING)}
    settings: Settings = load_settings(data_dir=data_dir, **flags)
    return settings


def split_names(settings: Settings, names: Sequence[str]) -> "tuple[tuple[str, ...], tuple[Criterion, ...]]":
    """The names that are no judge's, and what of a judge's is meant: all of ours and the rubrics if none is named."""
    from pandaprobe_proxy.evaluate.judges import GROUPS, JUDGES, choose

    rubrics = read_rubrics(settings)
    if not names:
        return (), (*JUDGES, *rubrics)
    rest = tuple(name for name in names if name not in GROUPS and not choose((name,), rubrics))
    return rest, choose(names, rubrics)


def read_rubrics(settings: Settings) -> "tuple[Criterion, ...]":
    """Those of the settings; an error in one ends the command."""
    from pandaprobe_proxy.evaluate.criteria import make_rubric
    from pandaprobe_proxy.evaluate.judges import CRITERIA
    from pandaprobe_proxy.evaluate.registry import EVALUATORS

    taken = {one.name for one in (*EVALUATORS, *CRITERIA)}
    rubrics: list[Criterion] = []
    for path in settings.judge_rubrics:
        try:
            rubric = make_rubric(path.name, path.read_text())
        except OSError as error:
            raise Failure(f"{path} cannot be read: {error.strerror}.", 2) from error
        except ValueError as error:
            raise Failure(f"{path}: {error}.", 2) from error
        if rubric.name in taken:
            raise Failure(f"{path}: there is an evaluator {rubric.name!r} already; give the file another name.", 2)
        taken.add(rubric.name)
        rubrics.append(rubric)
    return tuple(rubrics)


def list_judges(data_dir: str | None) -> dict[str, str]:
    """What judges can be asked, with whom the settings name for it."""
    from pandaprobe_proxy.evaluate.judges import CRITERIA

    settings = load_settings(data_dir=data_dir)
    origin = f"{JUDGE}: {clean(settings.judge_model)}" if settings.judge_model else f"{JUDGE}, none is set up"
    return {one.name: origin for one in (*CRITERIA, *read_rubrics(settings))}


def read_key(settings: Settings) -> str:
    """The judge's key; empty if there is none where it is looked for by default. Ends the command otherwise."""
    name = settings.judge_key_env
    key = os.environ.get(name, "").strip()
    if not key and name != Settings.model_fields["judge_key_env"].default:
        raise Failure(f"{name} is empty; put the judge's key into it, or leave --judge-key-env out.", 2)
    if any(not 33 <= ord(letter) <= 126 for letter in key):
        raise Failure(f"what is in {name} is no key: it has characters that no header can carry.", 2)
    return key


def wants_judge(settings: Settings, criteria: "Sequence[Criterion]", given: dict[str, Any]) -> bool:
    """Whether a judge is to be asked: where one is set up, or where something is named that only a judge can say."""
    if given["no_judge"] or not criteria:
        return False
    return bool(settings.judge_url or settings.judge_model or given["evaluator"])


def make_judge(settings: Settings) -> "Endpoint":
    """Whom to ask; ends the command if that cannot be."""
    from pandaprobe_proxy.app.judge_endpoint import Endpoint, Limits
    from pandaprobe_proxy.app.judging import check_endpoint

    problem = check_endpoint(settings)
    if problem:
        raise Failure(problem, 2)
    limits = Limits(settings.judge_concurrency, settings.judge_per_minute)
    return Endpoint(settings.judge_url, settings.judge_model, read_key(settings), limits)


def prepare(
    settings: Settings, choice: Choice, criteria: "Sequence[Criterion]", again: bool
) -> "tuple[Endpoint, Wish, dict[str, str]]":
    """Whom to ask, what about, and which of PandaProbe's signals that gives, each with its setting."""
    from pandaprobe_proxy.app.judging import Wish, list_wanted
    from pandaprobe_proxy.evaluate.pandaprobe import WEIGHTS

    endpoint, wish = make_judge(settings), Wish(choice, criteria, settings.judge_votes, again)
    signals = {one.name: one.setting for one in list_wanted(wish, endpoint.model) if one.name in WEIGHTS}
    return endpoint, wish, signals


def tell(progress: "Judging") -> None:
    """How far it is, for somebody who watches: done, cost, and answers a second."""
    if not sys.stderr.isatty() or not progress.due:
        return
    full = WIDTH * progress.judged // progress.due
    bar = "█" * full + "·" * (WIDTH - full)
    rate = progress.asked / progress.elapsed_s if progress.elapsed_s else 0.0
    click.echo(
        f"\r{bar} {progress.judged} of {progress.due} sessions  {_cost(progress)}  {rate:.1f}/s ", nl=False, err=True
    )
    if progress.judged == progress.due:
        click.echo(err=True)


def _cost(progress: "Judging") -> str:
    unknown = f", {progress.unpriced} without a known price" if progress.unpriced else ""
    return f"{dollars(progress.usd)}{unknown}, {progress.tokens:,} tokens"


def conclude(done: "Judging") -> None:
    """What a run of judges comes to."""
    say(
        f"judged {done.judged} of {done.due} sessions, {done.kept} judgements; {done.asked} answers paid"
        f" ({_cost(done)}), {done.known} known before; scores are uncalibrated until `eval calibrate` has seen labels"
    )
    for error in done.errors[:MOST_TOLD]:
        say(f"no score: {clean(error)}")
    if len(done.errors) > MOST_TOLD:
        say(f"no score: {len(done.errors) - MOST_TOLD} more")
    if done.errors:
        say("what could not be read is not asked again, and not paid again, unless with --again")
    if done.stopped and not done.refused:
        say(f"stopped: {clean(done.stopped)}; run it again to go on, nothing is asked twice")


def to_json(done: "Judging") -> dict[str, Any]:
    """The same for programs."""
    names = ("due", "judged", "kept", "asked", "known", "tokens", "usd", "unpriced", "stopped")
    return {**{name: getattr(done, name) for name in names}, "errors": list(done.errors)}
