use super::*;
use serde_json::json;

const EVENTS: u64 = 10;

fn event(seq: u64) -> Event {
    Event {
        stream: "one".into(),
        seq,
        at: Moment(1_800_000_000_000 + i64::try_from(seq).expect("small")),
        kind: "login.ok".into(),
        actor: Some(format!("person-{seq}")),
        subject: None,
        detail: json!({"n": seq}),
    }
}

fn chain(events: impl IntoIterator<Item = Event>) -> Vec<Sealed> {
    let mut prev = Hash::default();
    let seal = |event: Event| {
        let sealed = event.sealed(prev);
        prev = sealed.hash;
        sealed
    };
    events.into_iter().map(seal).collect()
}

fn checkpoint(of: &Sealed) -> Checkpoint {
    let Event { stream, seq, at, .. } = of.event.clone();
    Checkpoint { stream, seq, hash: of.hash, at }
}

/// A whole export with checkpoints after events 4 and 8.
fn export(chain: &[Sealed]) -> Vec<Line> {
    let heading = Heading { format: FORMAT.into(), stream: "one".into(), keys: BTreeMap::new() };
    let mut lines = vec![Line::Heading(heading)];
    for sealed in chain {
        lines.push(Line::Event(sealed.clone()));
        if sealed.event.seq.is_multiple_of(4) {
            let signed = SignedCheckpoint { checkpoint: checkpoint(sealed), kid: None, sig: None };
            lines.push(Line::Checkpoint(signed));
        }
    }
    let end = chain.last().map(Sealed::head).unwrap_or_default();
    lines.push(Line::Ending(Ending { end }));
    lines
}

fn verify(lines: &[Line], outside: Vec<Checkpoint>) -> Result<Verified, AuditFault> {
    let mut verifier = Verifier::new(outside, None)?;
    for line in lines {
        verifier.take(line)?;
    }
    verifier.finish()
}

fn whole() -> Vec<Sealed> {
    chain((1..=EVENTS).map(event))
}

#[test]
fn a_whole_export_holds_and_says_what_is_vouched_for() {
    let chain = whole();
    let outside = vec![checkpoint(&chain[8])];
    let verified = verify(&export(&chain), outside).expect("it holds");
    let head = chain.last().expect("events").head();
    assert_eq!(verified, Verified { stream: "one".into(), head, vouched: 9, checkpoints: 3 });
    assert_eq!(verify(&export(&[]), vec![]).expect("an empty chain").head, Head::default());
}

/// The hash must be computable by anybody: SHA-256 over 32 bytes and the sorted JSON.
#[test]
fn the_hash_is_the_documented_one() {
    let text = "{\"actor\":\"person-1\",\"at\":1800000000001,\"detail\":{\"n\":1},\
                \"kind\":\"login.ok\",\"seq\":1,\"stream\":\"one\"}";
    assert_eq!(whole()[0].hash, Hash::of(&[&[0; 32], text.as_bytes()]));
}

#[test]
fn every_kind_of_tampering_is_named_with_its_place() {
    type Change = fn(&mut Vec<Line>);
    let table: [(&str, Change, AuditFault); 9] = [
        (
            "changed",
            |l| in_event(l, 3, |e| e.event.kind = "login.fail".into()),
            AuditFault::Changed(3),
        ),
        ("dated back", |l| in_event(l, 3, |e| e.event.at = Moment(0)), AuditFault::Changed(3)),
        ("actor taken out", |l| in_event(l, 5, |e| e.event.actor = None), AuditFault::Changed(5)),
        ("removed", |l| drop(l.remove(2)), AuditFault::Gap { expected: 2, found: 3 }),
        ("doubled", |l| l.insert(2, l[1].clone()), AuditFault::Gap { expected: 2, found: 1 }),
        ("reordered", |l| l.swap(1, 2), AuditFault::Gap { expected: 1, found: 2 }),
        (
            "reordered and renumbered",
            |l| {
                l.swap(1, 2);
                in_event(l, 2, |e| e.event.seq = 1);
            },
            AuditFault::Changed(1),
        ),
        ("foreign", |l| in_event(l, 2, |e| e.event.stream = "two".into()), AuditFault::Foreign(2)),
        ("broken off", |l| l.truncate(4), AuditFault::BrokenOff(3)),
    ];
    for (what, change, fault) in table {
        let mut lines = export(&whole());
        change(&mut lines);
        assert_eq!(verify(&lines, vec![]), Err(fault), "{what}");
    }
}

fn in_event(lines: &mut [Line], seq: u64, change: impl FnOnce(&mut Sealed)) {
    let found = lines.iter_mut().find_map(|line| match line {
        Line::Event(sealed) if sealed.event.seq == seq => Some(sealed),
        _ => None,
    });
    change(found.expect("an event"));
}

#[test]
fn what_is_cut_before_a_checkpoint_is_found_by_it() {
    let chain = whole();
    // Inside the document: events 7 to 10 are gone, the checkpoint at 8 stayed.
    let mut lines = export(&chain);
    lines.retain(|l| !matches!(l, Line::Event(e) if e.event.seq > 6));
    let fault = AuditFault::Truncated { last: 6, seen: 8 };
    assert_eq!(verify(&lines, vec![]), Err(fault.clone()));
    // Cut clean: only a checkpoint that lies elsewhere tells.
    let clean = export(&chain[..6]);
    assert_eq!(verify(&clean, vec![checkpoint(&chain[7])]), Err(fault));
    // Negative control: without one, nothing could; and `vouched` says so.
    assert_eq!(verify(&clean, vec![]).expect("unprovable").vouched, 4);
}

#[test]
fn a_chain_that_was_written_anew_is_found_by_a_checkpoint() {
    let forged = chain((1..=EVENTS).map(|seq| {
        let mut event = event(seq);
        if seq == 2 {
            event.actor = Some("somebody else".into());
        }
        event
    }));
    let lines = export(&forged);
    // Negative control: all its hashes fit.
    verify(&lines, vec![]).expect("a chain of its own");
    let kept = checkpoint(&whole()[3]);
    assert_eq!(verify(&lines, vec![kept]), Err(AuditFault::Rewritten(4)));
}

#[test]
fn signatures_are_asked_for_when_keys_are_known() {
    let chain = whole();
    let sign = |lines: &mut Vec<Line>| {
        for line in lines {
            if let Line::Checkpoint(signed) = line {
                signed.kid = Some("k".into());
                signed.sig = Some(Hash::of(&[&signed.checkpoint.message()]).to_string());
            }
        }
    };
    let check: Check<'_> =
        &|kid, message, sig| kid == "k" && Hash::of(&[message]).to_string() == sig;
    let verify = |lines: &[Line]| {
        let mut verifier = Verifier::new(vec![], Some(check))?;
        lines.iter().try_for_each(|line| verifier.take(line))?;
        verifier.finish()
    };
    let mut lines = export(&chain);
    assert_eq!(verify(&lines), Err(AuditFault::Signature(4)));
    sign(&mut lines);
    verify(&lines).expect("signed");
    let at = lines.iter().position(|l| matches!(l, Line::Checkpoint(_))).expect("one");
    if let Line::Checkpoint(signed) = &mut lines[at] {
        signed.checkpoint.at = Moment(1);
    }
    assert_eq!(verify(&lines), Err(AuditFault::Signature(4)));
}

#[test]
fn lines_read_back_as_what_they_are() {
    for line in export(&whole()) {
        let text = serde_json::to_string(&line).expect("JSON");
        assert_eq!(serde_json::from_str::<Line>(&text).expect("a line"), line);
    }
    let extra = r#"{"end":{"seq":0,"hash":"00"},"more":1}"#;
    serde_json::from_str::<Line>(extra).expect_err("nothing unknown is taken");
}
