"""What is learnt from labels, beside the store: a file that only the user reads, and the evaluator that it makes."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from pandaprobe_proxy.app.evaluating import MOST_CALLS
from pandaprobe_proxy.app.own_files import write_own
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.evaluate.calibration import Calibration
from pandaprobe_proxy.evaluate.learned import Lesson, know, learn, make_evaluator, read_model, write_model
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Evaluator, Setting
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.evaluated import to_session
from pandaprobe_proxy.store.judged import Choice

LEARNED = "learned.json"
"""The name of the file."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What has been learnt: of how many sessions, and what it is worth on such as it has not seen."""

    sessions: int
    good: int
    worth: Calibration
    setting: str


def find_path(settings: Settings) -> Path:
    """Where it is kept."""
    return settings.data_dir / LEARNED


def learn_labels(
    settings: Settings,
    choice: Choice,
    labels: Mapping[str, bool],
    tasks: Mapping[str, str],
    tell: Callable[[int, int], object],
) -> Learnt:
    """Learns from the chosen sessions that are labelled, and keeps it. Raises ValueError, StoreError."""
    sessions = []
    with closing(open_reader(settings)) as reader:
        for session_id, _ in reader.contents(choice):
            sessions.append(to_session(session_id, reader.conversation(session_id, MOST_CALLS)))
    traits = [read_traits(session) for session in sessions]
    setting = Setting(Peers(traits))
    lessons = [
        Lesson(know(one, own, setting), labels[one.session_id], tasks.get(one.session_id, one.session_id))
        for one, own in zip(sessions, traits, strict=True)
        if one.session_id in labels and one.steps
    ]
    model, worth = learn(lessons, tell)
    data = msgspec.json.encode(write_model(model))
    try:
        write_own(find_path(settings), data)
    except OSError as error:
        raise StoreError(f"{find_path(settings)} cannot be written: {error.strerror}.") from error
    return Learnt(len(lessons), sum(one.good for one in lessons), worth, _name(data))


def find_learned(settings: Settings) -> tuple[Path, ...]:
    """The file of what was learnt, if there is one."""
    path = find_path(settings)
    return (path,) if path.exists() else ()


def read_learned(path: Path) -> Evaluator:
    """The evaluator of such a file. Raises ValueError if it is none, OSError if it cannot be read."""
    data = path.read_bytes()
    return make_evaluator(read_model(msgspec.json.decode(data)), _name(data))


def forget_learned(settings: Settings) -> bool:
    """Whether there was something to forget. Raises StoreError."""
    try:
        find_path(settings).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{find_path(settings)} cannot be deleted: {error.strerror}.") from error
    return True


def _name(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()
