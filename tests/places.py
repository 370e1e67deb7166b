"""A store under test: a new writer on an empty place, and readers of it."""

from dataclasses import dataclass, field
from pathlib import Path

from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.sqlite import open_reader, open_writer
from records import START_NS

RUN = "0190a1b2-0000-7000-8000-00000000000a"


@dataclass
class Place:
    """Where one store is, with its writer; `put` commits records and moves the offset."""

    path: Path
    offset: int = 0
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        self.writer = open_writer(self.path, **{"ballast_bytes": 0, **self.options})
        self.writer.begin(RUN, START_NS)

    def put(self, *records, **more):
        self.offset += 1
        self.writer.commit(Batch(RUN, self.offset, **{"records": records, **more}))
        return records

    def open(self, *openeds, **more):
        self.put(opened=openeds, **more)

    def reader(self):
        reader = open_reader(self.path)
        self.readers = [*getattr(self, "readers", []), reader]
        return reader

    def again(self):
        """Another life of the writer."""
        self.writer.close()
        self.writer = open_writer(self.path, **{"ballast_bytes": 0, **self.options})
        return self.writer

    def close(self):
        for reader in getattr(self, "readers", []):
            reader.close()
        self.writer.close()
