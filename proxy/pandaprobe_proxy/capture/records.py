"""Makes the Record of an exchange, in the recorder's thread or beside it."""

from dataclasses import replace

from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.capture.keep import Keeper, Sizes
from pandaprobe_proxy.capture.suspects import LANE, Suspects
from pandaprobe_proxy.dialects.settled import find_settled
from pandaprobe_proxy.model.exchange import Outcome
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


def make_settled(keeper: Keeper, suspects: Suspects, gathering: Gathering) -> Record | None:
    """What is settled of a connection that is open; None if nothing is beyond what the store has been told."""
    begun = gathering.begun
    if begun is None or begun.credentials:
        return None
    with suspects.at(LANE, begun.opened.id):
        settled = find_settled(gathering.came.tell())
        if settled is None:
            return None
        sizes = Sizes(len(settled.request_body), len(settled.response_body))
        if sizes.request + sizes.response <= gathering.settled_bytes:
            return None
        record = keeper.finish(begun, settled, sizes)
    told = record.call is not None and record.call.turns and not record.call.partial
    return replace(record, outcome=Outcome.OPEN) if told else None
