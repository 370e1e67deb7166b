"""Do the evaluators find what they are for? One fault each is put into recorded sessions.

    python bench/faults_injected.py ../shared/data/sessions --seed 1

Prints for each fault how well its evaluator tells faulty sessions from the originals (AUC), how many it finds, on how
many originals it fires, and how often its evidence names the message that was tampered with; and how precisely errors
of tools are told, against the harness's own flags. Exits 1 if an AUC is under 0.95, a detector fires on more than 10 %
of the originals or names the right message in less than 90 %, or errors are told with a precision under 0.99 or a
recall under 0.97.
"""

import argparse
import gzip
import json
import random
import re
import sys
from copy import deepcopy

from labelled import build, files
from pandaprobe_proxy.evaluate import (
    completion_integrity,
    error_recovery,
    grounding,
    ignored_results,
    loops,
    tool_errors,
    tool_schema,
    user_friction_markers,
)
from ranking import find_auc

ERROR = "Error: the service is not available"


class Injecting:
    """Puts faults into messages of runs. Each method gives the places that it tampered with, or None if it cannot."""

    def __init__(self, runs, seed):
        self.runs = runs
        self.dice = random.Random(seed)
        self.pool = [(run["tools_ref"], result["content"]) for run in runs for _, _, result in pairs(run["messages"])]
        self.by_tool = {}
        for run in runs:
            for _, call, result in pairs(run["messages"]):
                found = self.by_tool.setdefault(call["function"]["name"], [])
                found.append((run["session_id"], result["content"]))

    def pick(self, places):
        return self.dice.choice(places) if places else None

    def truncated(self, run, messages, meta):
        at = self.pick(answers(run, messages))
        if at is None:
            return None
        messages[at]["content"] = messages[at]["content"][: len(messages[at]["content"]) // 2]
        meta.setdefault(str(at), {})["finish_reason"] = "length"
        return [at]

    def stuck_answers(self, run, messages, meta):
        said = answers(run, messages)
        if len(said) < 4:
            return None
        later = said[len(said) // 2 :]
        for at in later[1:]:
            messages[at]["content"] = messages[later[0]]["content"]
        return later[1:]

    def user_repeats(self, run, messages, meta):
        places = [
            at
            for at in answers(run, messages)
            if messages[at - 1]["role"] == "user" and len(messages[at - 1]["content"].split()) > 8
        ]
        at = self.pick(places)
        if at is None:
            return None
        insert(run, messages, meta, at + 1, deepcopy(messages[at - 1 : at + 1]))
        return [at + 1]

    def stops_on_a_tool(self, run, messages, meta):
        places = [
            at
            for at, message in enumerate(messages)
            if message.get("tool_calls") and "transfer" not in message["tool_calls"][0]["function"]["name"]
        ]
        at = self.pick(places)
        if at is None:
            return None
        del messages[at + 1 :]
        return [at]

    def result_ignored(self, run, messages, meta):
        """The result says other things than those that the session goes on with: every value of it is another."""
        at = self.pick_result(messages)
        if at is not None:
            messages[at]["content"] = scramble(messages[at]["content"], self.dice)
        return None if at is None else [at]

    def result_of_another_trade(self, run, messages, meta):
        """The result is one of another trade (airline for retail, and back), which has many words in common."""
        others = [text for tools, text in self.pool if tools != run["tools_ref"] and len(text) > 80]
        at = self.pick_result(messages)
        if at is None or not others:
            return None
        messages[at]["content"] = self.dice.choice(others)
        return [at]

    def result_of_another_session(self, run, messages, meta):
        """The result is one of the same tool in another session, which is made of the same words."""
        at = self.pick_result(messages)
        if at is None:
            return None
        names = {result["tool_call_id"]: call["function"]["name"] for _, call, result in pairs(messages)}
        others = self.by_tool[names[messages[at]["tool_call_id"]]]
        texts = [text for session_id, text in others if session_id != run["session_id"] and len(text) > 80]
        if not texts:
            return None
        messages[at]["content"] = self.dice.choice(texts)
        return [at]

    def pick_result(self, messages):
        results = [result for _, _, result in pairs(messages) if not result["content"].startswith("Error")]
        chosen = self.pick([result for result in results[:-1] or results if len(result["content"]) > 80])
        return next((at for at, message in enumerate(messages) if message is chosen), None)

    def same_call_thrice(self, run, messages, meta):
        found = self.pick([(at, call, result) for at, call, result in pairs(messages) if messages[at + 1] is result])
        if found is None:
            return None
        again = deepcopy(messages[found[0] : found[0] + 2])
        places = []
        for number in (1, 2):
            pair = deepcopy(again)
            name = f"{found[1]['id']}-{number}"
            pair[0]["tool_calls"] = [{**pair[0]["tool_calls"][0], "id": name}]
            pair[1]["tool_call_id"] = name
            insert(run, messages, meta, found[0] + 2, pair)
            places.append(found[0] + 2 * number)
        return places

    def error_then_retry(self, run, messages, meta):
        places = [
            (at, call)
            for at, call, result in pairs(messages)
            if messages[at + 1] is result
            and not result["content"].startswith("Error")
            and len(messages[at]["tool_calls"]) == 1
        ]
        found = self.pick(places)
        if found is None:
            return None
        at, call = found
        pair = deepcopy(messages[at : at + 2])
        pair[0]["tool_calls"][0]["id"] = pair[1]["tool_call_id"] = f"{call['id']}-0"
        pair[1]["content"] = ERROR
        insert(run, messages, meta, at, pair)
        return [at + 1]

    def last_call_fails(self, run, messages, meta):
        results = [result for _, _, result in pairs(messages) if result is not messages[-1]]
        if not results:
            return None
        results[-1]["content"] = ERROR
        return [next(at for at, message in enumerate(messages) if message is results[-1])]

    def made_up_id(self, run, messages, meta):
        places = []
        for at, call, _ in pairs(messages):
            for name, value in read(call).items():
                if (
                    isinstance(value, str)
                    and re.fullmatch(r"#?[A-Za-z_]*\d{3,}\w*|[A-Z0-9]{6}", value)
                    and re.search(r"\d", value)
                ):
                    places.append((at, call, name, value))
        found = self.pick(places)
        if found is None:
            return None
        at, call, name, value = found
        changed = {**read(call), name: re.sub(r"\d", lambda _: str(self.dice.randrange(10)), value)}
        if changed[name] == value:
            return None
        call["function"]["arguments"] = json.dumps(changed)
        return [at]

    def number_altered(self, run, messages, meta):
        places = [
            (at, found)
            for at in answers(run, messages)
            for found in re.finditer(r"\$(\d[\d,]*(?:\.\d\d)?)(?![\d.,]*\d)", messages[at]["content"])
            if float(found[1].replace(",", "")) >= 20
        ]
        found = self.pick(places)
        if found is None:
            return None
        at, number = found
        value = float(number[1].replace(",", "")) * self.dice.uniform(1.1, 1.9) + 0.01
        text = messages[at]["content"]
        messages[at]["content"] = f"{text[: number.start()]}${value:,.2f}{text[number.end() :]}"
        return [at]

    def argument_dropped(self, run, messages, meta):
        found = self.pick([(at, call) for at, call, _ in pairs(messages) if read(call)])
        if found is None:
            return None
        at, call = found
        arguments = read(call)
        arguments.pop(next(iter(arguments)))
        call["function"]["arguments"] = json.dumps(arguments)
        return [at]


def answers(run, messages):
    return [
        at
        for at, message in enumerate(messages)
        if message["role"] == "assistant"
        and at > 1
        and len((message.get("content") or "").split()) > 12
        and not message.get("tool_calls")
    ]


def pairs(messages):
    """(place, call, result) of each tool call that has a result."""
    results = {message["tool_call_id"]: message for message in reversed(messages) if message["role"] == "tool"}
    for at, message in enumerate(messages):
        for call in message.get("tool_calls") or ():
            if call["id"] in results:
                yield at, call, results[call["id"]]


def scramble(text, dice):
    """The same shape with other values; the names of fields stay."""

    def change(found):
        if found["field"]:
            return found["field"]
        letter = found[0]
        if letter.isdigit():
            return str(dice.randrange(10))
        return chr(dice.randrange(26) + ord("A" if letter.isupper() else "a"))

    return re.sub(r'(?P<field>"[^"\\]*"\s*:)|[A-Za-z0-9]', change, text)


def read(call):
    value = json.loads(call["function"]["arguments"])
    return value if isinstance(value, dict) else {}


def insert(run, messages, meta, at, more):
    messages[at:at] = more
    moved = {str(int(place) + len(more) * (int(place) >= at)): told for place, told in meta.items()}
    meta.clear()
    meta.update(moved)


def by_value(evaluator):
    return lambda judged: 0.0 if judged.value is None else 1 - judged.value


def by_count(name):
    return lambda judged: float(judged.counts[name])


DETECTORS = {
    "truncated": (completion_integrity, by_value(completion_integrity)),
    "stuck_answers": (loops, by_value(loops)),
    "user_repeats": (user_friction_markers, by_count("repeats")),
    "stops_on_a_tool": (completion_integrity, by_value(completion_integrity)),
    "result_ignored": (ignored_results, by_value(ignored_results)),
    "result_of_another_session": (ignored_results, by_value(ignored_results)),
    "result_of_another_trade": (ignored_results, by_value(ignored_results)),
    "same_call_thrice": (loops, by_value(loops)),
    "error_then_retry": (error_recovery, by_count("same_again")),
    "last_call_fails": (tool_errors, by_count("ends_on_error")),
    "made_up_id": (grounding, by_count("ungrounded_ids")),
    "number_altered": (grounding, by_count("ungrounded_numbers")),
    "argument_dropped": (tool_schema, by_value(tool_schema)),
}

UNGATED = {"result_of_another_trade", "result_of_another_session"}
"""Harder than the reference's; shown for what it is."""


def measure(fault, runs, injecting):
    """(AUC, found, fires on originals, names the right message, sessions)."""
    evaluator, read_severity = DETECTORS[fault]
    faulty, sound, cited = [], [], []
    for run, head in runs:
        messages, meta = deepcopy(run["messages"]), deepcopy(run["calls_meta"])
        places = getattr(injecting, fault)(run, messages, meta)
        if places is None:
            continue
        sound.append(read_severity(evaluator.evaluate(build(run["messages"], run, head))))
        judged = evaluator.evaluate(build(messages, {**run, "calls_meta": meta}, head))
        faulty.append(read_severity(judged))
        if faulty[-1] > 0:
            cited.append(bool({place + 1 for place in places} & {quote.message for quote in judged.evidence}))
    found = sum(value > 0 for value in faulty) / len(faulty)
    return (
        find_auc(faulty, sound),
        found,
        sum(value > 0 for value in sound) / len(sound),
        sum(cited) / len(cited),
        len(faulty),
    )


def measure_errors(runs):
    """Precision and recall of what counts as an error of a tool, and how many there are."""
    both = told = flagged = 0
    for run, head in runs:
        known = {int(at) + 1 for at, said in run["calls_meta"].items() if said.get("tool_error_flag")}
        for use in build(run["messages"], run, head).results:
            both += use.failed and use.result.number in known
            told += use.failed
            flagged += use.result.number in known
    return both / told, both / flagged, flagged


def load_raw(path):
    with gzip.open(path, "rt") as lines:
        head = json.loads(next(lines))
        return [(json.loads(line), head) for line in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    loaded = [load_raw(path) for path in files(given.directory)]
    with_tools = [runs for runs in loaded if any(run["tools_ref"] for run, _ in runs)]
    runs = [item for part in with_tools for item in part]
    injecting = Injecting([run for run, _ in runs], given.seed)
    print(f"{'fault':26} {'evaluator':22} {'sessions':>8} {'AUC':>6} {'found':>6} {'fires':>6} {'cites':>6}")
    sound = True
    for fault, (evaluator, _) in DETECTORS.items():
        auc, found, fires, cites, count = measure(fault, runs, injecting)
        good = auc >= 0.95 and fires <= 0.1 and cites >= 0.9
        sound = sound and (good or fault in UNGATED)
        print(f"{fault:26} {evaluator.NAME:22} {count:8} {auc:6.3f} {found:6.3f} {fires:6.3f} {cites:6.3f}")
    flagged = [part for part in with_tools if any("tool_error_flag" in str(run["calls_meta"]) for run, _ in part)]
    precision, recall, count = measure_errors([item for part in flagged for item in part])
    print(f"errors of tools: {count}, precision {precision:.4f}, recall {recall:.4f}")
    return int(not (sound and precision >= 0.99 and recall >= 0.97))


if __name__ == "__main__":
    sys.exit(main())
