#!/usr/bin/env python3
"""Checks an audit export of nsk by the rules of audit.md, with nothing of nsk.

usage: check_audit.py audit.jsonl [checkpoints.jsonl]
"""

import hashlib
import json
import sys


class Wrong(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Wrong(what)


def canonical(value):
    """RFC 8785 for what events hold: no number needs more than plain digits."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(k)}:{canonical(value[k])}" for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    need(not isinstance(value, float), "events hold no fractions")
    return json.dumps(value, ensure_ascii=False)


def lines(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def check(path, outside):
    rest = lines(path)
    heading = next(rest, {})
    need(heading.get("format") == "nsk-audit/1", "not an nsk-audit/1 export")
    seen = {}
    for kept in outside:
        checkpoint = kept["checkpoint"]
        need(checkpoint["stream"] == heading["stream"], "a checkpoint of another chain")
        seen.setdefault(checkpoint["seq"], set()).add(checkpoint["hash"])
    seq, head, vouched, end = 0, "00" * 32, 0, None
    for line in rest:
        need(end is None, "something stands behind the end")
        if "event" in line:
            event = line["event"]
            need(event["stream"] == heading["stream"], f"event {event['seq']} is of another chain")
            need(event["seq"] == seq + 1, f"event {event['seq']} stands where {seq + 1} should")
            body = bytes.fromhex(head) + canonical(event).encode()
            need(hashlib.sha256(body).hexdigest() == line["hash"], f"event {seq + 1} was changed")
            seq, head = event["seq"], line["hash"]
            if seq in seen:
                need(seen.pop(seq) == {head}, f"the chain up to {seq} was written anew")
                vouched = seq
        elif "checkpoint" in line:
            checkpoint = line["checkpoint"]
            need(checkpoint["stream"] == heading["stream"], "a checkpoint of another chain")
            need(checkpoint["seq"] <= seq, f"events up to {checkpoint['seq']} are missing")
            need((checkpoint["seq"], checkpoint["hash"]) == (seq, head),
                 f"the chain up to {seq} was written anew")
            vouched = seq
        else:
            end = line["end"]
    need(not seen, f"events up to {max(seen, default=0)} are missing")
    need(end == {"seq": seq, "hash": head}, f"the export breaks off after event {seq}")
    print(f"chain: {seq} events, head {head}, checkpoints vouch up to {vouched}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        check(sys.argv[1], lines(sys.argv[2]) if len(sys.argv) == 3 else [])
    except Wrong as wrong:
        print(f"does not hold: {wrong}")
        sys.exit(1)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"does not hold: the document has another shape ({error!r})")
        sys.exit(1)
