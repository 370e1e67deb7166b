"""Why a store cannot do something. Apart from its contract, so that whoever only catches these loads nothing else."""


class StoreError(Exception):
    """The store cannot do this now. The text is one sentence with what to do next."""


class StoreFull(StoreError):
    """No space is left on the device, or the store's own limit is reached."""


class Refused(StoreError):
    """What was asked for makes no sense, and nothing was changed."""


class StoreBusy(StoreError):
    """Another process holds the store."""
