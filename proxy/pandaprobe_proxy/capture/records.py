"""Makes the Record of an exchange that has ended, in the recorder's thread or beside it."""

from dataclasses import replace

from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.capture.keep import Keeper
from pandaprobe_proxy.capture.suspects import LANE, Suspects
from pandaprobe_proxy.model.record import Record
from pandaprobe_proxy.store.searched import slim


def make_record(keeper: Keeper, gathering: Gathering) -> Record:
    """Raises ValueError if its head could not be read."""
    if gathering.begun is None:
        raise ValueError("an exchange whose head could not be read cannot be made a row")
    return keeper.finish(gathering.begun, gathering.came.tell(), gathering.sizes)


def make_slim(keeper: Keeper, suspects: Suspects, gathering: Gathering) -> Record:
    """The same without what only whoever decodes it again needs of its call."""
    with suspects.at(LANE, gathering.begun.opened.id if gathering.begun else ""):
        record = make_record(keeper, gathering)
    return replace(record, call=slim(record.call)) if record.call else record
