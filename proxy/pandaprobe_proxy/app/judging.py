"""Has a judge look at stored sessions: what is due is asked of the store, and no answer is paid for twice.

Each answer is kept before anything is made of it, by a hash of all that was asked; so a run that was killed asks only
for what it has not got. What cannot be read after one repair is an error and no score; nobody pays for it again either,
unless `again` is asked for.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pandaprobe_proxy.app.control import ask
from pandaprobe_proxy.app.judge_endpoint import Asking, Endpoint, JudgeFailed, JudgeRefused
from pandaprobe_proxy.app.judge_purse import BudgetSpent, Purse, Share
from pandaprobe_proxy.app.judge_shelf import Shelf
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.evaluate.attribution import is_failed
from pandaprobe_proxy.evaluate.criteria import Criterion
from pandaprobe_proxy.evaluate.judge import examine, name_setting
from pandaprobe_proxy.evaluate.questions import Question
from pandaprobe_proxy.evaluate.session import Session
from pandaprobe_proxy.evaluate.verdicts import Malformed
from pandaprobe_proxy.model.call import Call, Usage
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.pricing.price import Prices
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.evaluated import to_session
from pandaprobe_proxy.store.judged import Choice, Due, Judged, Wanted

T = TypeVar("T")
MOST_CALLS = 10_000
MOST_TOLD = 5
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # compared with, not listened on


@dataclass(frozen=True, slots=True)
class Wish:
    """What judges are to look at."""

    choice: Choice
    criteria: Sequence[Criterion]
    votes: int = 1
    again: bool = False
    """Ask again where an answer could not be read."""
    most: int | None = None
    """So many sessions at once, at most."""
    tried: frozenset[tuple[str, str]] = frozenset()
    """Sessions with their contents that are left alone, since they were looked at a moment ago."""


@dataclass(slots=True)
class Judging:
    """How far a run of judges is, and what it has cost."""

    due: int = 0
    """Sessions that there was something to ask of."""
    sessions: int = 0
    """All that were chosen."""
    left: int = 0
    """Sessions that are due beyond the most that were wished for."""
    tried: list[tuple[str, str]] = field(default_factory=list)
    """Sessions that were looked at, with their contents."""
    judged: int = 0
    """Sessions that are done."""
    kept: int = 0
    """Judgements."""
    asked: int = 0
    """Answers that were paid for."""
    known: int = 0
    """Answers that were there already."""
    errors: list[str] = field(default_factory=list)
    """Of what got no judgement: which, and why."""
    stopped: str = ""
    """Why it ended before its end; empty if it did not."""
    refused: bool = False
    """It ended since the judge answers nothing."""
    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    """Answers whose cost is not known."""
    elapsed_s: float = 0.0


def list_wanted(wish: Wish, model: str) -> list[Wanted]:
    """The criteria as what is to be judged by this model."""
    return [Wanted(one.name, one.version, name_setting(one, model, _votes(wish, one))) for one in wish.criteria]


def _votes(wish: Wish, criterion: Criterion) -> int:
    return max(wish.votes, criterion.votes)


def check_endpoint(settings: Settings) -> str:
    """Why the judge of these settings cannot be asked, in one sentence; empty if it can."""
    if not settings.judge_url or not settings.judge_model:
        missing = "--judge-model" if settings.judge_url else "--judge-url"
        return f"a judge needs --judge-url and --judge-model; {missing} is not set."
    parts = urlsplit(settings.judge_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if (_same(parts.hostname or ""), port) in _list_own(settings):
        return f"{parts.hostname}:{port} is this sidecar itself, and a judge is not to be recorded; name its provider."
    if settings.judge_budget_usd and _make_price(settings)(Usage(input=1000, output=1000)) is None:
        return (
            f"no price of {settings.judge_model!r} is known, so --budget-usd cannot be kept; give --budget-tokens,"
            " or a price of your own in `prices`."
        )
    return ""


def _list_own(settings: Settings) -> set[tuple[str, int]]:
    """Where the sidecar of these settings listens: (host, port)."""
    running = ask(settings, {"ask": "status"}) or {}
    told = [(running.get(name) or {}).get("address") for name in ("relay", "web", "forward")]
    pairs = [address.rpartition(":") for address in told if isinstance(address, str)]
    return {(_same(host.strip("[]")), int(port)) for host, _, port in pairs if port.isdecimal()}


def _same(host: str) -> str:
    """All names of this machine's loopback are one."""
    return "localhost" if host.lower() in LOOPBACK or host.startswith("127.") else host.lower()


def _make_price(settings: Settings) -> Callable[[Usage], float | None]:
    prices, model, url = Prices(settings.prices), settings.judge_model, settings.judge_url

    def price(usage: Usage) -> float | None:
        call = Call("openai_chat", 1, "chat", requested_model=model, model=model, usage=usage)
        cost = prices.price(call, "judge", url, time.time_ns())
        return cost.total if cost else None

    return price


@dataclass(frozen=True, slots=True)
class Means:
    """Whom a judge's questions go to, what that may cost, and where the answers are put."""

    endpoint: Endpoint
    purse: Purse
    shelf: Shelf


def make_means(settings: Settings, endpoint: Endpoint) -> Means:
    """With a purse that is full."""
    purse = Purse(_make_price(settings), settings.judge_budget_usd, settings.judge_budget_tokens)
    return Means(endpoint, purse, Shelf(settings))


def judge(settings: Settings, wish: Wish, endpoint: Endpoint, tell: Callable[[Judging], object]) -> Judging:
    """All that is due; `tell` is told of each step. Raises StoreError."""
    with closing(open_reader(settings)) as reader:
        return asyncio.run(Run(make_means(settings, endpoint), wish, reader, tell).go())


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    """What all of it gives, when all of it is over; then the first error, if there is any."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [one for one in done if not isinstance(one, BaseException)]


class Run:
    """A judge's look at what is due."""

    def __init__(self, means: Means, wish: Wish, reader: Reader, tell: Callable[[Judging], object]) -> None:
        self._wish = wish
        self._endpoint, self._purse, self._shelf = means.endpoint, means.purse, means.shelf
        self._reader = reader
        self._tell = tell
        self._wanted = {one.name: one for one in list_wanted(wish, means.endpoint.model)}
        self._criteria = {one.name: one for one in wish.criteria}
        self._slots = asyncio.Semaphore(means.endpoint.limits.concurrency)
        self._started_s, self._started_ns = time.monotonic(), time.time_ns()
        self.progress = Judging()

    async def go(self) -> Judging:
        """Judges until there is nothing left, or no more may be asked. Raises StoreError."""
        due = [one for one in self._reader.due(self._wish.choice, list(self._wanted.values())) if self._concerns(one)]
        due = [one for one in due if (one.session_id, one.content) not in self._wish.tried]
        most = self._wish.most or len(due)
        due, self.progress.left = due[:most], len(due[most:])
        self.progress.tried = [(one.session_id, one.content) for one in due]
        self.progress.due, self.progress.sessions = len(due), len(self._reader.contents(self._wish.choice))
        self._report()
        left = iter(due)
        async with self._endpoint.open() as asking:
            workers = [asyncio.create_task(self._work(asking, left)) for _ in range(self._endpoint.limits.concurrency)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return self._report()

    def _concerns(self, due: Due) -> bool:
        """Whether there is more to ask than what is asked of failed sessions only; or it has failed."""
        return any(not self._criteria[name].blames for name in due.names) or self._has_failed(due)

    def _has_failed(self, due: Due) -> bool:
        return is_failed(self._reader.scores(session_id=due.session_id))

    async def _work(self, asking: Asking, left: Iterator[Due]) -> None:
        for item in left:
            if self.progress.stopped:
                return
            session = to_session(item.session_id, self._reader.conversation(item.session_id, MOST_CALLS))
            criteria = [self._criteria[name] for name in item.names]
            await _all(self._judge(asking, item, session, one) for one in criteria if not one.blames)
            blaming = [one for one in criteria if one.blames]
            if blaming and self._has_failed(item):  # which those before may just have said
                await _all(self._judge(asking, item, session, one) for one in blaming)
            self.progress.judged += not self.progress.stopped
            self._report()

    async def _judge(self, asking: Asking, due: Due, session: Session, criterion: Criterion) -> None:
        """One judgement, kept; or an error, counted."""
        if self.progress.stopped:
            return
        try:
            judgement = await self._examine(asking, session, criterion, fresh=False)
        except BudgetSpent:
            self.progress.stopped = self.progress.stopped or "the budget is used up"
        except JudgeRefused as error:
            self.progress.stopped, self.progress.refused = str(error), True
        except (JudgeFailed, Malformed) as error:
            self.progress.errors.append(f"{criterion.name} of {due.session_id}: {error}")
        else:
            setting = self._wanted[criterion.name].setting
            one = Judged(due.session_id, due.content, setting, judgement, time.time_ns())
            await self._shelf.keep(judged=[one])
            self.progress.kept += 1

    async def _examine(self, asking: Asking, session: Session, criterion: Criterion, fresh: bool) -> Judgement:
        exam = examine(session, criterion, _votes(self._wish, criterion))
        used: list[Answer] = []
        try:
            asked = next(exam)
            while True:
                answers = await _all(self._ask(asking, session, question, fresh) for question in asked)
                used += answers
                asked = exam.send([answer.text for answer in answers])
        except StopIteration as done:
            judgement: Judgement = done.value
        except Malformed:
            if self._wish.again and not fresh and any(answer.at_ns < self._started_ns for answer in used):
                return await self._examine(asking, session, criterion, fresh=True)
            raise
        if not used:
            return judgement
        return replace(judgement, counts={**judgement.counts, "judge": self._describe(criterion, used)})

    async def _ask(self, asking: Asking, session: Session, question: Question, fresh: bool) -> Answer:
        """The answer that is known, else the judge's, kept."""
        name = question.name(self._endpoint.model)
        known = None if fresh else self._reader.answers([name]).get(name)
        if known is not None:
            self.progress.known += 1
            return known
        share = await self._purse.take(sum(len(message["content"]) for message in question.messages))
        async with self._slots:  # till the answer is kept: no more than these can be lost, and paid for again
            answer = await self._pay(asking, session, question, share)
            await self._shelf.keep([answer])
        self.progress.asked += 1
        self._report()
        return answer

    async def _pay(self, asking: Asking, session: Session, question: Question, share: Share) -> Answer:
        reply, cost = None, None
        try:
            if self.progress.stopped:
                raise BudgetSpent
            reply = await asking.ask(question)
        finally:
            cost = await self._purse.book(share, reply.usage if reply else None)
        name = question.name(self._endpoint.model)
        usage = reply.usage
        counted = (reply.took_ms, usage.input, usage.output, cost)
        return Answer(name, session.session_id, question.criterion, reply.model, reply.text, time.time_ns(), *counted)

    def _describe(self, criterion: Criterion, used: Sequence[Answer]) -> Mapping[str, Any]:
        costs = [answer.cost for answer in used if answer.cost is not None]
        return {
            "model": self._endpoint.model,
            "endpoint": self._endpoint.host,
            "setting": self._wanted[criterion.name].setting,
            "answers": len(used),
            "input_tokens": sum(answer.input_tokens or 0 for answer in used),
            "output_tokens": sum(answer.output_tokens or 0 for answer in used),
            "cost": sum(costs) if costs else None,
            "took_ms": sum(answer.took_ms for answer in used),
        }

    def _report(self) -> Judging:
        purse, progress = self._purse, self.progress
        progress.tokens = purse.input_tokens + purse.output_tokens
        progress.usd, progress.unpriced = purse.usd, purse.unpriced
        progress.elapsed_s = time.monotonic() - self._started_s
        self._tell(progress)
        return progress
