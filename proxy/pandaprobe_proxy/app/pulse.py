"""A sign of life of a process that was started here: bytes in a pipe, one a second.

The watching side counts looks and asks no clock: if it was stopped for a while, too, nothing follows from that.
"""

import asyncio
import os
from contextlib import suppress

BEAT_S = 1.0
LOOKS = 20
"""For a sign of life, within the time after which there should have been one."""
BEGINNING = 6
"""Times as long may pass until the first one."""


class Pulse:
    """The watching side; `fd` is the other one's."""

    def __init__(self) -> None:
        self._read_fd, self.fd = os.pipe()
        os.set_blocking(self._read_fd, False)

    async def stop(self, silence_s: float) -> None:
        """Returns when there was no sign of life for so long."""
        left = BEGINNING * LOOKS
        while left:
            await asyncio.sleep(silence_s / LOOKS)
            left = LOOKS if self._has_beaten() else left - 1

    def _has_beaten(self) -> bool:
        with suppress(BlockingIOError):
            return bool(os.read(self._read_fd, 4096))
        return False

    def let_go(self) -> None:
        """Closes the other one's end here, which has it by now."""
        os.close(self.fd)

    def close(self) -> None:
        """Nobody watches any more."""
        os.close(self._read_fd)


async def beat(fd: int, every_s: float = BEAT_S) -> None:
    """Gives a sign of life for as long as the event loop turns."""
    os.set_blocking(fd, False)
    while True:
        with suppress(BlockingIOError):  # nobody has looked for long
            os.write(fd, b".")
        await asyncio.sleep(every_s)
