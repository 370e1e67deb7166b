"""Answers for tests of judges, and a session whose judge is a function."""

import json
import re

from pandaprobe_proxy.evaluate.judge import examine
from talks import asks, gives, says, system, talk, user

TALK = talk(
    system("Cancel only what the user owns."),
    user("cancel my order W1234"),
    asks("cancel_order", id="W1234"),
    gives("Error: order W1234 is not yours"),
    says("I could not cancel order W1234, since it is not yours."),
    user("then tell me whose it is"),
    says("I may not tell you whose order it is."),
)


def proof(message, quote, **more):
    return {"message": message, "quote": quote, **more}


def rated(score, *proofs, **more):
    """A rating as a judge answers."""
    evidence = list(proofs) or [proof(2, "cancel my order W1234")]
    return told({"evidence": evidence, "score": score}, **more)


def listed(*items, **more):
    return told({"items": [{"what": "it", **item} for item in items]}, **more)


def told(value, **more):
    return json.dumps({**value, "reason": "so it is", "verdict": "judged", "confidence": 0.8, **more})


def drive(session, criterion, answer, votes=1):
    """The judgement; `answer` gives the text for a question. Also all that was asked."""
    exam = examine(session, criterion, votes)
    asked = []
    try:
        batch = next(exam)
        while True:
            asked += batch
            batch = exam.send([answer(question) for question in batch])
    except StopIteration as done:
        return done.value, asked


def own_of(question):
    """(first, last) of the messages that a question is about."""
    found = re.search(r"Judge messages (\d+) to (\d+);", question.messages[1]["content"])
    return (int(found[1]), int(found[2])) if found else None
