import { describe, expect, it } from "vitest";
import { canonical, digest } from "./canon.ts";
import { Fold, mergePatch } from "./fold.ts";
import type { DigFrame, EvFrame, JsonObject, SnapFrame } from "./frames.ts";

type Frame = SnapFrame | EvFrame | DigFrame;

/** mulberry32: small, seeded, good enough to shuffle frames. */
function rng(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Model {
  state: JsonObject = { phase: "planned", answers: {}, sum: 0 };
  seq = 1;
  epoch = "e1";
  constructor(private random: () => number) {}

  event(): EvFrame {
    this.seq += 1;
    const n = Math.floor(this.random() * 20);
    const patches: (JsonObject | undefined)[] = [
      { answers: { [`q${n}`]: { gaps: [`${this.seq}`] } } },
      { answers: { [`q${n}`]: null } },
      { sum: this.seq, phase: `p${n}` },
      undefined,
    ];
    const d = patches[Math.floor(this.random() * patches.length)];
    if (d) this.state = mergePatch(this.state, d);
    const frame: EvFrame = {
      t: "ev", s: "x", seq: this.seq, at: 0, kind: d ? "k" : "sealed", by: "system", h: `h${this.seq}`,
    };
    return d ? { ...frame, d } : frame;
  }
  snap(): SnapFrame {
    return { t: "snap", s: "x", epoch: this.epoch, seq: this.seq, hash: `h${this.seq}`, state: this.state };
  }
  dig(): DigFrame {
    return { t: "dig", s: "x", seq: this.seq, d: digest(this.state) };
  }
}

function feed(fold: Fold, frame: Frame): string {
  if (frame.t === "snap") return fold.onSnap(frame);
  return frame.t === "ev" ? fold.onEv(frame) : fold.onDig(frame);
}

/** Runs a bad connection; the client asks for snapshots as the fold tells it to. */
function badRun(seed: number, fold: Fold, hostile = true): { model: Model; wrong: number } {
  const random = rng(seed);
  const model = new Model(random);
  let queue: Frame[] = [model.snap()];
  let wrong = 0;
  const known = new Map<number, string>();
  const deliver = (frame: Frame): void => {
    const step = feed(fold, frame);
    if (step === "gap" || step === "mismatch") queue.push(model.snap());
    const truth = known.get(fold.seq);
    if (fold.health.synced && truth !== undefined && truth !== canonical(fold.state)) wrong += 1;
  };
  for (let i = 0; i < 150; i += 1) {
    known.set(model.seq, canonical(model.state));
    queue.push(model.event());
    if (random() < 0.1) queue.push(model.dig());
    known.set(model.seq, canonical(model.state));
    if (hostile && random() < 0.05) queue.splice(Math.floor(random() * queue.length), 1);
    if (hostile && queue.length > 0 && random() < 0.05) queue.push(queue[Math.floor(random() * queue.length)] as Frame);
    if (hostile && random() < 0.1) queue = queue.sort(() => random() - 0.5);
    while (queue.length > 0 && random() < 0.7) deliver(queue.shift() as Frame);
  }
  // The connection calms down: the usual digest finds what is still missing.
  for (let round = 0; round < 5; round += 1) {
    queue.push(model.dig());
    if (!fold.health.synced) queue.push(model.snap());
    while (queue.length > 0) deliver(queue.shift() as Frame);
  }
  return { model, wrong };
}

describe("mergePatch", () => {
  // RFC 7386, appendix A, as far as patches of an object go.
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"a":1,"e":null}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ["{}", '{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
  ])("%s + %s = %s", (target, patch, result) => {
    const merged = mergePatch(JSON.parse(target) as JsonObject, JSON.parse(patch) as JsonObject);
    expect(canonical(merged)).toBe(canonical(JSON.parse(result)));
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("leaves the old state as it was", () => {
    const old = { a: { b: 1 }, c: [1] };
    const next = mergePatch(old, { a: { b: 2 } });
    expect(old).toEqual({ a: { b: 1 }, c: [1] });
    expect(next["c"]).toBe(old.c);
  });
});

describe("Fold", () => {
  it("follows an orderly stream without asking for anything", () => {
    const fold = new Fold("x");
    const { model, wrong } = badRun(1, fold, false);
    expect(canonical(fold.state)).toBe(canonical(model.state));
    expect(wrong).toBe(0);
    expect(fold.health).toMatchObject({ synced: true, gaps: 0, mismatches: 0, snapshots: 1 });
  });

  it("ends equal to the server after 300 runs with lost, doubled and reordered frames", () => {
    let gaps = 0;
    for (let seed = 1; seed <= 300; seed += 1) {
      const fold = new Fold("x");
      const { model, wrong } = badRun(seed, fold);
      expect(canonical(fold.state), `seed ${seed}`).toBe(canonical(model.state));
      expect(wrong, `seed ${seed}: a wrong state was shown as whole`).toBe(0);
      expect(fold.health.synced).toBe(true);
      gaps += fold.health.gaps;
    }
    expect(gaps).toBeGreaterThan(300);
  });

  it("negative control: a fold that ignores gaps is caught by the same check", () => {
    class Careless extends Fold {
      override onEv(frame: EvFrame): "applied" | "dropped" {
        if (this.state === undefined || frame.seq <= this.seq) return "dropped";
        if (frame.d) this.state = mergePatch(this.state, frame.d);
        this.seq = frame.seq;
        return "applied";
      }
    }
    let wrong = 0;
    for (let seed = 1; seed <= 50; seed += 1) wrong += badRun(seed, new Careless("x")).wrong;
    expect(wrong).toBeGreaterThan(0);
  });

  it("notices a state that is wrong although no number is missing", () => {
    const model = new Model(rng(5));
    const fold = new Fold("x");
    fold.onSnap(model.snap());
    expect(fold.onDig(model.dig())).toBe("verified");
    const event = model.event();
    fold.onEv({ ...event, d: { phase: "forged" } });
    expect(fold.onDig(model.dig())).toBe("mismatch");
    expect(fold.health.synced).toBe(false);
    // Frozen: nothing is applied to a state known to be wrong, and nothing is resumed from it.
    expect(fold.position()).toBeUndefined();
    const later = model.event();
    expect(fold.onEv(later)).toBe("dropped");
    expect(fold.onSnap(model.snap())).toBe("applied");
    expect(fold.onDig(model.dig())).toBe("verified");
  });

  it("notices an event lost at the end of the stream by the digest alone", () => {
    const model = new Model(rng(6));
    const fold = new Fold("x");
    fold.onSnap(model.snap());
    const lost = model.event();
    expect(fold.onDig(model.dig())).toBe("gap");
    // It was only late after all.
    expect(fold.onEv(lost)).toBe("applied");
    expect(fold.health.synced).toBe(true);
  });

  it("does not close a gap with the first of two missing events", () => {
    const model = new Model(rng(7));
    const fold = new Fold("x");
    fold.onSnap(model.snap());
    const [first, second] = [model.event(), model.event()];
    expect(fold.onDig(model.dig())).toBe("gap");
    fold.onEv(first);
    expect(fold.health.synced).toBe(false);
    fold.onEv(second);
    expect(fold.health.synced).toBe(true);
  });

  it("moves seq without a patch for a sealed event", () => {
    const fold = new Fold("x");
    fold.onSnap({ t: "snap", s: "x", epoch: "e", seq: 4, hash: "h", state: { a: 1 } });
    const sealed = { t: "ev", s: "x", seq: 5, at: 0, kind: "sealed", by: "system", h: "h5" } as const;
    expect(fold.onEv(sealed)).toBe("applied");
    expect(fold.position()).toEqual({ epoch: "e", seq: 5, hash: "h5" });
    expect(fold.state).toEqual({ a: 1 });
  });

  it("takes a new epoch only through a snapshot, even with a lower number", () => {
    const fold = new Fold("x");
    fold.onSnap({ t: "snap", s: "x", epoch: "e1", seq: 9, hash: "h", state: { a: 1 } });
    const sub = { t: "sub", s: "x", recovered: true, epoch: "e2", seq: 3 } as const;
    expect(fold.onSub(sub)).toBe("gap");
    expect(fold.onSnap({ t: "snap", s: "x", epoch: "e2", seq: 3, hash: "g", state: { a: 2 } })).toBe("applied");
    expect(fold.position()).toEqual({ epoch: "e2", seq: 3, hash: "g" });
  });

  it("refuses an older snapshot of the same epoch", () => {
    const fold = new Fold("x");
    fold.onSnap({ t: "snap", s: "x", epoch: "e", seq: 9, hash: "h9", state: { a: 9 } });
    expect(fold.onSnap({ t: "snap", s: "x", epoch: "e", seq: 8, hash: "h8", state: { a: 8 } })).toBe("dropped");
    expect(fold.state).toEqual({ a: 9 });
  });
});
