"""What judges are asked: our own criteria of a session, and PandaProbe's metrics under their names, in words of ours.

PandaProbe asks two or three questions for what is asked here at once: what it finds out first, the judge has to write
down before it rates. Its scale of five steps and its shares (correct calls / calls) are the same, so scores compare;
what it calls 1.0 because there is nothing to judge is null here.
"""

from collections.abc import Iterable

from pandaprobe_proxy.evaluate.criteria import ADD, WORST, Criterion
from pandaprobe_proxy.evaluate.turns import Part

FEWEST_CALLS = 8
"""Without so many, a session has no beginning, middle and end to hold against each other."""
SCALE = (
    "Rate on this scale, in between where it fits: 1 = nothing to improve; 0.75 = small flaws that changed nothing;"
    " 0.5 = clear flaws, half as good as it should be; 0.25 = mostly wrong; 0 = not at all."
)


def _unasked(part: Part) -> str:
    return "" if part.asked else "nobody asked for anything"


def _lawless(part: Part) -> str:
    return "" if any(line.role in ("system", "developer") for line in part.lines) else "no instructions to hold it to"


def _resultless(part: Part) -> str:
    return "" if any(use.result for use in part.uses) else "no tool gave a result"


def _faultless(part: Part) -> str:
    return "" if any(use.failed for use in part.uses) else "no errors"


def _short(part: Part) -> str:
    return "" if len(part.steps) >= FEWEST_CALLS else f"fewer than {FEWEST_CALLS} calls"


def _single(part: Part) -> str:
    return "" if len(part.asked) > 1 else "the user spoke once"


def _one_call(part: Part) -> str:
    return "" if len(part.steps) > 1 else "a single call"


def _toolless(part: Part) -> str:
    offered = any(step.call.tools for step in part.steps)
    return "" if part.uses or offered else "no tools"


def _useless(part: Part) -> str:
    return "" if part.uses else "no tool was called"


def _silent(part: Part) -> str:
    return "" if any(line.answered for line in part.lines) else "the agent said nothing"


OURS = (
    Criterion(
        "goal_completion",
        1,
        "List each separate goal that the user has in this session, as items. Judge what became of each by what tools"
        " returned and what the user confirmed. That the agent says it did something is no proof of it. `refused` is"
        " for a request that the agent rightly declined by its instructions. Quote the passage that decides.",
        statuses={"achieved": 1.0, "partly": 0.5, "refused": 1.0, "missed": 0.0},
        skip=_unasked,
    ),
    Criterion(
        "policy_adherence",
        1,
        "Take from the system and developer messages the obligations that come to bear in this session (whom to"
        " authenticate, what to confirm first, what is allowed for whom, what never to do), one item each. Hold what"
        " the agent did, above all each call that changes something, against them. Quote what the agent did or said.",
        statuses={"kept": 1.0, "violated": 0.0},
        skip=_lawless,
    ),
    Criterion(
        "result_handling",
        1,
        "For each result of a tool that the agent had to act upon, say how it dealt with it, as items: `used` (or"
        " rightly left aside), `misread`, `ignored` although it mattered, `invented` (it goes on with values that no"
        " result holds), or `futile` (it repeated the call without any change). Quote the result, or what the agent"
        " made of it.",
        statuses={"used": 1.0, "misread": 0.0, "ignored": 0.0, "invented": 0.0, "futile": 0.0},
        merge=ADD,
        skip=_resultless,
    ),
    Criterion(
        "recovery_quality",
        1,
        "For each error that a tool returned, one item: `handled` if the agent understood the cause and changed"
        " something that addresses it, or told the user plainly; `partly` if it did either badly or late; `unhandled`"
        " if it repeated itself, carried on as if nothing had happened, or hid it. Quote the error or the reaction.",
        statuses={"handled": 1.0, "partly": 0.5, "unhandled": 0.0},
        merge=ADD,
        skip=_faultless,
    ),
    Criterion(
        "coherence_over_time",
        1,
        "Compare the beginning, the middle and the end of what is shown. Does the agent contradict itself, forget what"
        " the user or a tool has told it, ask again for what it knows, or grow vaguer as it goes on? Cite both sides of"
        f" each such place. {SCALE}",
        merge=WORST,
        skip=_short,
    ),
    Criterion(
        "user_friction",
        1,
        "For each message of the user after the first, one item: does it correct the agent (`correction`), say again"
        " what was said (`repetition`), show anger or disappointment (`frustration`), doubt what the agent did"
        " (`challenge`), or none of these (`none`)? Where it is ambiguous, it is `none`. Quote the message.",
        statuses={"none": 1.0, "correction": 0.0, "repetition": 0.0, "frustration": 0.0, "challenge": 0.0},
        merge=ADD,
        skip=_single,
    ),
    Criterion(
        "efficiency_judge",
        1,
        "For each message of the assistant, one item: was it `needed` to get the user what was asked for, or"
        " `unneeded`, since the session would have come out the same without it? Quote what it says or calls.",
        statuses={"needed": 1.0, "unneeded": 0.0},
        merge=ADD,
        skip=_one_call,
    ),
    Criterion(
        "goal_progress",
        1,
        "For each message of the user, by its place (`turn` counts them from 1), one item: how much of all that the"
        " user had asked for by then stands done when the agent has dealt with that message, from 0 to 1? Count what"
        " tools returned and the user confirmed, not what the agent promises. Quote what shows the state.",
        progress=True,
        merge=ADD,
        skip=_single,
    ),
)

BLAMED = {
    "plan_not_followed": "it left out, added or changed steps that its instructions or its own plan required",
    "invented": "it went on with facts or values that nobody had given",
    "invalid_call": "it called a tool that there is not, or with arguments that are missing or malformed",
    "misread_result": "it took what a tool, or another agent, had returned for something else",
    "wrong_intent": "it pursued another goal than the one it was given",
    "unclear_request": "what was asked left open what had to be known, and it did not ask",
    "unsupported_request": "what was asked cannot be done with the tools that it had",
    "blocked": "a policy or a guard kept it from what had to be done",
    "system_failure": "a tool, a service or the connection failed, and it could do nothing about that",
    "inconclusive": "it failed, and the record does not show why",
}
"""Kinds of a failure's cause, after the ten of AgentRx."""
_KINDS = "; ".join(f"`{name}` ({what})" for name, what in BLAMED.items())
ATTRIBUTION = Criterion(
    "failure_attribution",
    1,
    "This session did not come to what the user wanted. Find the message at which that was decided: not the first flaw,"
    " but the earliest one that was never made good afterwards, so that from there on the session could not come out"
    " right any more. Give exactly one item, for that message, with its kind as status, and quote what is wrong in it."
    f" The kinds: {_KINDS}.",
    statuses=dict.fromkeys(BLAMED, 0.0),
    blames=True,
    votes=3,
    skip=_silent,
)
"""Asked only of sessions that are held to have failed."""

PANDAPROBE = (
    Criterion(
        "task_completion",
        1,
        "First write down the user's objective as `task`, and as `outcome` what was done, facts only and without"
        " praise. Then say how far the outcome fulfils the task, 0 to 1, looking at nothing else.",
        finds=("task", "outcome"),
        by_turn=True,
        skip=_unasked,
    ),
    Criterion(
        "tool_correctness",
        1,
        "Were the right tools called for what the user wants, given those that were offered? A tool that was needed and"
        " not called, one that was called without need, and one that was called in place of a better one each count"
        f" against it. The arguments are not the question. {SCALE}",
        finds=("wanted",),
        by_turn=True,
        skip=_toolless,
    ),
    Criterion(
        "argument_correctness",
        1,
        "One item for each call of a tool, in their order: are its arguments what they should be, given what the user"
        " and earlier results said (`yes` or `no`)? Quote the arguments.",
        statuses={"yes": 1.0, "no": 0.0},
        by_turn=True,
        merge=ADD,
        skip=_useless,
        empty=1.0,
    ),
    Criterion(
        "step_efficiency",
        1,
        "First write down the user's goal as `task`; what the agent did is no part of it. Then judge whether it took as"
        f" few steps as it could: none needless, none twice, no detour, no waste of means. {SCALE}",
        finds=("task",),
        by_turn=True,
        skip=_unasked,
    ),
    Criterion(
        "plan_adherence",
        1,
        "First write down the user's goal as `task`, and as `plan` the steps that the agent said, or plainly meant, it"
        " would take; if there are none, the verdict is `insufficient`. Then judge whether each of them was taken, in"
        f" that order, with nothing beside them. {SCALE}",
        finds=("task", "plan"),
        by_turn=True,
        skip=_silent,
        empty=1.0,
    ),
    Criterion(
        "plan_quality",
        1,
        "First write down the user's goal as `task`, and as `plan` the steps that the agent said, or plainly meant, it"
        " would take; if there are none, the verdict is `insufficient`. Then judge the plan alone: is it whole, sound,"
        f" without detours, as detailed as it needs to be, and aimed at the goal? {SCALE}",
        finds=("task", "plan"),
        by_turn=True,
        skip=_silent,
        empty=1.0,
    ),
    Criterion(
        "confidence",
        1,
        "How sure of itself could the agent be, and was it, by what it did? Decided, fitting and consistent acts count"
        " for it. Hedging, contradictions, retries, vague answers, the same call again and plans given up count against"
        f" it. {SCALE}",
        by_turn=True,
        merge=WORST,
        skip=_silent,
    ),
)
JUDGES = (*OURS, ATTRIBUTION)
CRITERIA = JUDGES + PANDAPROBE
GROUPS = {"judges": JUDGES, "pandaprobe": PANDAPROBE}
"""Names that mean several."""


def choose(names: Iterable[str], rubrics: Iterable[Criterion] = ()) -> tuple[Criterion, ...]:
    """Those of these names, each once. Names of nobody here are left out: they may be others'."""
    own = tuple(rubrics)
    known = {criterion.name: (criterion,) for criterion in (*CRITERIA, *own)} | GROUPS
    chosen = [criterion for name in names for criterion in known.get(name, ())]
    return tuple({criterion.name: criterion for criterion in chosen}.values())
