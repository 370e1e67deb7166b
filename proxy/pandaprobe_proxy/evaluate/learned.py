"""An evaluator that is learnt from labels of one project: how likely a session is good, of what is seen of it.

What it is worth is measured on sessions that it has not seen: they are put into folds by their tasks, and those of each
fold are judged by what the others teach. If that may be no better than chance, nothing is learnt.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pandaprobe_proxy.evaluate import boosted_trees, calibrator, logistic, word_weights
from pandaprobe_proxy.evaluate.boosted_trees import Fork, Leaf
from pandaprobe_proxy.evaluate.calibration import Calibration, Labelled, calibrate
from pandaprobe_proxy.evaluate.calibrator import Calibrator, Known
from pandaprobe_proxy.evaluate.features import read_features, read_words
from pandaprobe_proxy.evaluate.registry import Evaluator, Setting, judge_all
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.traits import Traits
from pandaprobe_proxy.model.call import Json
from pandaprobe_proxy.model.score import Judgement

NAME, VERSION = "learned", 1
FORM = 1
"""Of a model that was written down."""
FEWEST = 200
"""Labelled sessions that something can be learnt from."""
FOLDS = 5
GOOD = 0.5
SEED = 20_260


@dataclass(frozen=True, slots=True)
class Lesson:
    """A session to learn from."""

    known: Known
    good: bool
    task: str
    """Sessions of a task are in the same fold."""


def know(session: Session, traits: Traits, setting: Setting) -> Known:
    """What is seen of a session."""
    features = read_features(session, traits, judge_all(session, traits, setting))
    return Known(tuple(features.values()), tuple(read_words(session, traits)), traits.model)


def learn(
    lessons: Sequence[Lesson], tell: Callable[[int, int], object] = lambda done, of: None, fewest: int = FEWEST
) -> tuple[Calibrator, Calibration]:
    """The model, and what it is worth. `tell` is told how many of how many steps are done.

    Raises ValueError, with a sentence, if there are too few sessions or too few of either kind, or if it may be no
    better than chance.
    """
    if len(lessons) < fewest:
        raise ValueError(f"{len(lessons)} labelled sessions are too few to learn from; label {fewest} or more")
    values: dict[int, float] = {}
    folds = list(fold([one.task for one in lessons]))
    for number, (seen, asked) in enumerate(folds):
        tell(number, len(folds) + 1)
        model = _learn(lessons[at] for at in seen)
        values |= {at: 1 - model.predict(lessons[at].known) for at in asked}
    told = [values[at] for at in range(len(lessons))]
    labelled = [Labelled(value, one.good, one.task) for value, one in zip(told, lessons, strict=True)]
    worth = calibrate(labelled, told, GOOD)
    if worth.auc.low <= 0.5:
        raise ValueError(
            f"nothing was learnt: on sessions that it had not seen its AUC is {worth.auc.value:.2f}"
            f" [{worth.auc.low:.2f}, {worth.auc.high:.2f}], which may be chance; label more sessions"
        )
    tell(len(folds), len(folds) + 1)
    return _learn(lessons), worth


def fold(tasks: Sequence[str], seed: int = SEED) -> Iterator[tuple[list[int], list[int]]]:
    """(places to learn from, places to ask about) of sessions of these tasks, each place once among the latter."""
    names = sorted(set(tasks))
    dealt = random.Random(seed).sample(names, len(names))  # noqa: S311  # no secret is made of it
    held = {task: number % FOLDS for number, task in enumerate(dealt)}
    for number in range(FOLDS):
        asked = [at for at, task in enumerate(tasks) if held[task] == number]
        if asked:
            yield [at for at, task in enumerate(tasks) if held[task] != number], asked


def _learn(lessons: Iterable[Lesson]) -> Calibrator:
    some = list(lessons)
    return calibrator.learn([one.known for one in some], [not one.good for one in some])


def make_evaluator(model: Calibrator, setting: str) -> Evaluator:
    """The evaluator that judges by a model; `setting` is another for another model."""

    def judge(session: Session, traits: Traits, given: Setting) -> Judgement:
        if not session.steps:
            return Judgement(NAME, VERSION, None, "no calls")
        value = 1 - model.predict(know(session, traits, given))
        label = "likely good" if value >= GOOD else "likely bad"
        return Judgement(NAME, VERSION, value, label, {"chance_of_failure": 1 - value, "model": setting})

    return Evaluator(NAME, VERSION, judge, by_peers=True, origin="learnt from labels", setting=setting)


def write_model(model: Calibrator) -> Json:
    """The model as JSON."""
    return {
        "form": FORM,
        "models": list(model.models),
        "sum": [list(model.sum.means), list(model.sum.deviations), list(model.sum.weights)],
        "trees": [model.trees.base, [_write_tree(tree) for tree in model.trees.all]],
        "words": [list(model.words.places), list(model.words.rarity), list(model.words.weights)],
    }


def read_model(told: Json) -> Calibrator:
    """The model of `write_model`. Raises ValueError if it is none of this form."""
    try:
        if told["form"] != FORM:
            raise ValueError("it is of another version")
        means, deviations, weights = map(tuple, told["sum"])
        words, rarity, word_weight = told["words"]
        base, trees = told["trees"]
        return Calibrator(
            tuple(told["models"]),
            logistic.Logistic(means, deviations, weights),
            boosted_trees.Trees(base, tuple(map(_read_tree, trees))),
            word_weights.WordWeights({word: place for place, word in enumerate(words)}, rarity, word_weight),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("it is no model") from error


def _write_tree(tree: Fork | Leaf) -> Json:
    if isinstance(tree, Leaf):
        return tree.value
    return [tree.at, tree.edge, tree.unknown_low, _write_tree(tree.low), _write_tree(tree.high)]


def _read_tree(told: Json) -> Fork | Leaf:
    if not isinstance(told, list):
        return Leaf(float(told))
    at, edge, unknown_low, low, high = told
    return Fork(at, edge, unknown_low, _read_tree(low), _read_tree(high))
