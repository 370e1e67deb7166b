"""What is said of an error: where it was, and what the ring tells of a store that refuses."""

from pandaprobe_proxy.capture import ring as slots
from pandaprobe_proxy.store.errors import StoreBusy, StoreError, StoreFull


def tell_place(error: BaseException) -> str:
    """Which error, and where; not its text, which may quote what the call held."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{where}"


def state_of(error: StoreError) -> int:
    """What the ring says of a recorder whose store refuses so."""
    if isinstance(error, StoreFull):
        return slots.DISK_FULL
    return slots.STORE_BUSY if isinstance(error, StoreBusy) else slots.STORE_ERROR
