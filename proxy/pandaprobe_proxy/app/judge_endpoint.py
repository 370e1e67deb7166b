"""Asks a judge: one OpenAI-compatible endpoint, within limits of pace, and with tries again where that may help.

Nothing of it is ever captured: each request says `X-PandaProbe-Capture: off` and names a session of its own, so that a
sidecar on the way records nothing of it. Redirects are not followed. The key is sent and is nowhere else: it is cut out
of whatever the endpoint answers.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from pandaprobe_proxy import __version__
from pandaprobe_proxy.dialects.json_values import mend, parse_json
from pandaprobe_proxy.dialects.openai_answers import read_answer
from pandaprobe_proxy.evaluate.questions import Question
from pandaprobe_proxy.model.call import Usage

TIMEOUT_S = 300.0
CONNECT_S = 10.0
MOST_TRIES = 6
FIRST_TRIES = 2
"""Of an endpoint that never answered at all and that nobody can connect to: it is not there."""
LONGEST_PAUSE_S = 60.0
LONGEST_WISH_S = 300.0
"""An endpoint that wants us to wait longer is asked again by another run."""
ANSWER_BYTES = 8 * 1024 * 1024
ANSWER_TOKENS = 4096
LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
NEVER = frozenset({401, 402, 403, 404})
TIMED_OUT = b"no answer in time"
QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
FIXED = {"temperature": 0, "max_tokens": ANSWER_TOKENS}
"""Beside the model, the messages, the seed and the schema. Some models refuse some of these; they are asked without."""


class JudgeRefused(Exception):
    """The judge answers nothing of this run; one sentence with what to do next."""


class JudgeFailed(Exception):
    """One question got no answer, after several tries."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    text: str
    model: str
    usage: Usage
    took_ms: int


@dataclass(frozen=True, slots=True)
class Clock:
    """What passes time; replaced in tests."""

    now_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    dice: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how often."""

    concurrency: int = 4
    per_minute: int = 0


@dataclass(slots=True)
class _Pace:
    """When the next request may begin: a wish of the endpoint holds all of them."""

    limits: Limits
    clock: Clock
    next_s: float = 0.0

    async def wait(self) -> None:
        while (left := self.next_s - self.clock.now_s()) > 0:
            await self.clock.sleep(left)
        if self.limits.per_minute:
            self.next_s = self.clock.now_s() + 60 / self.limits.per_minute

    def hold(self, seconds: float) -> None:
        self.next_s = max(self.next_s, self.clock.now_s() + seconds)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A judge. `key` is empty where it needs none."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    limits: Limits = Limits()
    clock: Clock = Clock()

    @property
    def host(self) -> str:
        """Whom it asks, without anything that could be secret."""
        return urlsplit(self.url).hostname or ""

    @contextlib.asynccontextmanager
    async def open(self) -> "AsyncIterator[Asking]":
        """Its connections, for the block."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=CONNECT_S)
        # Not `trust_env`: it would send what ~/.netrc has for that host, too, or refuse our key because of it.
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            yield Asking(self, session)


class Asking:
    """An endpoint with connections to it."""

    def __init__(self, endpoint: Endpoint, session: aiohttp.ClientSession) -> None:
        self._endpoint = endpoint
        self._session = session
        self._clock = endpoint.clock
        self._pace = _Pace(endpoint.limits, endpoint.clock)
        self._proxy = find_proxy(endpoint.url)
        self._without: dict[str, str] = {}
        self._answered = False
        """It did once, whatever it said."""

    async def ask(self, question: Question) -> Reply:
        """The answer to one question. Raises JudgeRefused or JudgeFailed."""
        why = ""
        for attempt in range(MOST_TRIES):
            await self._pace.wait()
            started_s = self._clock.now_s()
            status, headers, body = await self._post(question)
            self._answered = self._answered or bool(status)
            if status == 200:
                return self._read(body, started_s)
            why = self._explain(status, body)
            if not self._answered and attempt + 1 >= FIRST_TRIES and body != TIMED_OUT:
                raise JudgeRefused(f"{why}; check --judge-url.")
            if status in NEVER or _code(body) in QUOTA:
                raise JudgeRefused(
                    f"the judge at {self._endpoint.host} {why}; check --judge-url, --judge-model and the key."
                )
            if status in (400, 422) and self._do_without(body):
                continue
            if status and status not in LATER:
                raise JudgeFailed(why)
            if attempt < MOST_TRIES - 1:
                await self._pause(attempt, headers)
        raise JudgeFailed(f"{why}, {MOST_TRIES} times")

    async def _post(self, question: Question) -> tuple[int, Mapping[str, str], bytes]:
        """(status, headers, body); 0 and why, if there was no answer."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"pandaprobe-proxy/{__version__}",
            "X-PandaProbe-Capture": "off",
            "X-PandaProbe-Session": "pandaprobe-judge",
        }
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        data = json.dumps(mend(self._write(question))).encode()
        try:
            async with self._session.post(
                _complete(self._endpoint.url), data=data, headers=headers, allow_redirects=False, proxy=self._proxy
            ) as response:
                body = await _read_bounded(response)
                return response.status, response.headers, self._hide(body)
        except TimeoutError:
            return 0, {}, TIMED_OUT
        except (aiohttp.ClientError, OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            return 0, {}, said.encode()

    def _write(self, question: Question) -> dict[str, Any]:
        shape = {"name": question.criterion[:64], "strict": True, "schema": question.schema}
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": list(question.messages),
            **FIXED,
            "seed": question.place.seed,
            "response_format": {"type": "json_schema", "json_schema": shape},
        }
        for name, instead in self._without.items():
            value = body.pop(name, None)
            if instead:
                body[instead] = value
        return body

    def _do_without(self, body: bytes) -> bool:
        """Whether the refusal names a parameter that can be left out; it is, from now on."""
        said = body.decode(errors="replace").lower()
        for name, words in (
            ("response_format", ("response_format", "json_schema")),
            ("temperature", ("temperature",)),
            ("max_tokens", ("max_tokens",)),
            ("seed", ("seed",)),
        ):
            if name not in self._without and any(word in said for word in words):
                self._without[name] = "max_completion_tokens" if "max_completion_tokens" in said else ""
                return True
        return False

    def _read(self, body: bytes, started_s: float) -> Reply:
        took_ms = int((self._clock.now_s() - started_s) * 1000)
        try:
            told = read_answer(dict(parse_json(body)))
        except (ValueError, TypeError, KeyError) as error:
            raise JudgeFailed(f"the judge at {self._endpoint.host} answers what is no chat completion") from error
        text = told.messages[0].text or told.messages[0].refusal or "" if told.messages else ""
        return Reply(text, told.model or self._endpoint.model, told.usage, took_ms)

    def _hide(self, body: bytes) -> bytes:
        return body.replace(self._endpoint.key.encode(), b"[key]") if self._endpoint.key else body

    def _explain(self, status: int, body: bytes) -> str:
        if not status:
            return f"the judge at {self._endpoint.host} cannot be reached ({body.decode()})"
        try:
            error = parse_json(body)["error"]
            message = error["message"] if isinstance(error, dict) else error
        except (ValueError, TypeError, KeyError):
            message = ""
        said = f": {' '.join(str(message).split())[:160]}" if message else ""
        return f"answers {status}{said}"

    async def _pause(self, attempt: int, headers: Mapping[str, str]) -> None:
        wish = read_wish(headers, self._clock.wall_s())
        if wish is not None and wish > LONGEST_WISH_S:
            raise JudgeRefused(f"the judge at {self._endpoint.host} wants {wish:.0f} s of rest; run again later.")
        backoff = min(LONGEST_PAUSE_S, 2.0**attempt) * (0.5 + self._clock.dice() / 2)
        if wish is None:
            await self._clock.sleep(backoff)
        else:
            self._pace.hold(wish)


def find_proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL, if it names one and does not make an exception of it."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def read_wish(headers: Mapping[str, str], wall_s: float) -> float | None:
    """The seconds that an answer asks us to wait, by `Retry-After` (seconds or a date) or `Retry-After-Ms`."""
    milliseconds, wish = headers.get("Retry-After-Ms", ""), headers.get("Retry-After", "")
    try:
        return max(0.0, float(milliseconds) / 1000 if milliseconds else float(wish))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(wish).timestamp() - wall_s)
    except ValueError:
        return None


def _complete(url: str) -> str:
    """The endpoint of chat completions under a base URL, whose query stays."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    whole = path if path.endswith("/chat/completions") else f"{path}/chat/completions"
    return urlunsplit(parts._replace(path=whole, fragment=""))


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for piece in response.content.iter_any():
        data += piece
        if len(data) > ANSWER_BYTES:
            raise ValueError("the answer is too long")
    return bytes(data)


def _code(body: bytes) -> str:
    try:
        error = parse_json(body)["error"]
        return str(error.get("code") or error.get("type") or "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
