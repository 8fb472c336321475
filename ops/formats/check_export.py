#!/usr/bin/env python3
"""Checks an exported exam without the program that made it: chain, form, answers, score.

    python3 check_export.py exam-101.json

Standard library only. Prints what was checked and exits 0, or names what does not hold and
exits 1. It follows exports.md beside it, and nothing else.
"""
import hashlib
import json
import sys
import unicodedata
from fractions import Fraction


class Wrong(Exception):
    """Something in the document does not hold."""


def need(ok, what):
    if not ok:
        raise Wrong(what)


def canonical(value):
    """RFC 8785 for what the exports hold: no floating-point numbers occur in them."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(not isinstance(value, float), "a floating-point number in hashed data")
    return json.dumps(value, ensure_ascii=False)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


def hash_json(value):
    return sha(canonical(value).encode())


def check_chain(records):
    need(records, "the export has no records")
    prev = "00" * 32
    for expected, record in enumerate(records, 1):
        name = f"record {expected}"
        need(record["seq"] == expected, f"{name} is missing or out of order")
        need(record["stream"] == records[0]["stream"], f"{name} belongs to another stream")
        need(record["prev"] == prev, f"{name} does not continue the one before it")
        body = {k: v for k, v in record.items() if k != "hash"}
        need(hash_json(body) == record["hash"], f"{name} was changed: its hash does not fit")
        prev = record["hash"]
    return prev


class Draw:
    """The stream of numbers behind a form."""

    def __init__(self, tool_hash, blueprint_hash, seed):
        self.key = b"nsk form v1\0" + bytes.fromhex(tool_hash + blueprint_hash + seed)
        self.block, self.left = 0, []

    def number(self):
        if not self.left:
            digest = hashlib.sha256(self.key + self.block.to_bytes(8, "big")).digest()
            self.left = [int.from_bytes(digest[i : i + 8], "big") for i in (0, 8, 16, 24)]
            self.block += 1
        return self.left.pop(0)

    def below(self, n):
        if n <= 1:
            return 0
        limit = 2**64 - 2**64 % n
        while True:
            number = self.number()
            if number < limit:
                return number % n

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


def ids(variants):
    return [v["id"] for v in variants]


def shown_order(question, draw, shuffle):
    kind = question["kind"]
    name = kind["type"]
    lefts = ids(kind["lefts"]) if name == "matching" else []
    if name == "open":
        return [], []
    order = ids(kind[{"choice": "variants", "matching": "rights", "ordering": "items"}[name]])
    if name == "ordering":
        correct = list(order)
        draw.shuffle(order)
        if len(order) > 2 and order == correct:
            order.append(order.pop(0))
    elif shuffle:
        draw.shuffle(order)
    return lefts, order


def draw_form(tool, blueprint, seed):
    draw = Draw(hash_json(tool), hash_json(blueprint), seed)
    drawn = []
    for wanted in blueprint["topics"]:
        topic = next(t for t in tool["topics"]
                     if (t["id"], t["kind"]) == (wanted["topic_id"], wanted["kind"]))
        points = Fraction(topic["points"]) / len(topic["blocks"])
        for block_id in wanted["blocks"]:
            block = next(b for b in topic["blocks"] if b["id"] == block_id)
            drawn.append((block_id, block["questions"][draw.below(len(block["questions"]))], points))
    if blueprint["shuffle_questions"]:
        draw.shuffle(drawn)
    items = []
    for block_id, question, points in drawn:
        lefts, order = shown_order(question, draw, blueprint["shuffle_variants"])
        item = {"block_id": block_id, "question_id": question["id"], "points": str(points),
                "order": order}
        items.append({**item, "lefts": lefts} if lefts else item)
    return {"tool_hash": hash_json(tool), "blueprint_hash": hash_json(blueprint), "items": items}


def normal(text):
    lower = "".join(c.lower() for c in unicodedata.normalize("NFC", text))
    return " ".join(unicodedata.normalize("NFC", lower).split()).replace("ё", "е")


def is_right(question, answer):
    kind = question["kind"]
    if kind["type"] == "choice":
        return set(answer["chosen"]) == {v["id"] for v in kind["variants"] if v["correct"]}
    if kind["type"] == "matching":
        return {int(k): v for k, v in answer["pairs"].items()} == {
            int(k): v for k, v in kind["pairs"].items()}
    if kind["type"] == "ordering":
        return answer["order"] == ids(kind["items"])
    gaps = [s["gap"]["accepted"] for s in kind["segments"] if "gap" in s]
    return len(gaps) == len(answer["gaps"]) and all(
        normal(given) in map(normal, accepted) for given, accepted in zip(answer["gaps"], gaps))


def check_form(export, records):
    committed = next((r["d"] for r in records if r["kind"] == "form_committed"), None)
    if committed is None:
        return None
    seed = committed["seed"]
    need(sha(b"nsk form seed v1\0", bytes.fromhex(seed)) == committed["commitment"],
         "the seed does not fit its commitment")
    plan = records[0]["d"]
    need(hash_json(export["tool"]) == plan["tool"], "the tool is not the one that was planned")
    form = draw_form(export["tool"], export["blueprint"], seed)
    need(form == export["form"], "the form is not what tool, blueprint and seed give")
    need(hash_json(form) == committed["form_hash"], "the form's hash is not the committed one")
    return form


def check_score(export, records, form):
    questions = {q["id"]: q for t in export["tool"]["topics"] for b in t["blocks"]
                 for q in b["questions"]}
    answers, checked = {}, 0
    for record in records:
        if record["kind"] == "answer_saved":
            answers[record["d"]["question"]] = record["d"]["answer"]
        if record["kind"] == "theory_scored":
            total = sum((Fraction(i["points"]) for i in form["items"]
                         if i["question_id"] in answers
                         and is_right(questions[i["question_id"]], answers[i["question_id"]])),
                        Fraction(0))
            said, place = record["d"], f"record {record['seq']}"
            need(Fraction(said["score"]) == total, f"{place}: the score is {total}")
            need(said["passed"] == (total >= Fraction(export["tool"]["pass"])),
                 f"{place}: passed is wrong")
            checked += 1
    return checked


def check_end(export, records):
    """Whatever the document says beside its records follows from them."""
    plan = records[0]["d"]
    need(export["wire_id"] == plan["wire_id"], "the number is not the planned exam's")
    need(export["stream"] == records[0]["stream"], "the stream is not the records'")
    for name in ("tool", "practice"):
        found = hash_json(export[name]) if export.get(name) is not None else None
        need(found == plan.get(name), f"{name} is not the one that was planned")
    ends = {"completed": "completed", "aborted": "aborted", "cancelled": "cancelled",
            "no_show_recorded": "no_show"}
    end = next((r for r in reversed(records) if r["kind"] in ends), None)
    need(end is not None, "no record says how the exam ended")
    need(export["phase"] == ends[end["kind"]], f"the exam is {ends[end['kind']]}")
    need(export.get("outcome") == end["d"].get("outcome"), "the outcome is not the recorded one")


def check(export):
    need(export.get("format") == "nsk-exam-export/1", "not an nsk-exam-export/1 document")
    records = export["records"]
    head = check_chain(records)
    need(head == export["head"], "the head is not the last record's hash")
    check_end(export, records)
    print(f"chain: {len(records)} records, head {head}")
    form = check_form(export, records)
    if form is not None:
        print(f"form: {len(form['items'])} questions, as committed")
        print(f"scores: {check_score(export, records, form)} checked exactly")


def main(path):
    with open(path, encoding="utf-8") as file:
        check(json.load(file))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1])
    except Wrong as wrong:
        print(f"does not hold: {wrong}")
        sys.exit(1)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        print(f"does not hold: the document has another shape ({error!r})")
        sys.exit(1)
