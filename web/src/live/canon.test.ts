import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { canonical, digest, sha256 } from "./canon.ts";

describe("canonical", () => {
  it("agrees with the RFC 8785 example", () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    ) as unknown;
    expect(canonical(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("orders keys by UTF-16 code units, as RFC 8785 section 3.2.3 shows", () => {
    const keys = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 };
    expect(canonical(keys)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
    );
  });

  it.each([
    [0, "0"], [-0, "0"], [5e-324, "5e-324"], [1.7976931348623157e308, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"], [295147905179352830000, "295147905179352830000"],
    [1e21, "1e+21"], [0.000001, "0.000001"], [1e-7, "1e-7"],
  ])("writes %d as %s", (value, text) => {
    expect(canonical(value)).toBe(text);
  });

  it("refuses what JSON cannot hold", () => {
    for (const bad of [NaN, Infinity, undefined, () => 1]) expect(() => canonical(bad)).toThrow(TypeError);
  });
});

describe("sha256", () => {
  it("agrees with an independent implementation at every length around the block borders", () => {
    for (let length = 0; length < 200; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
      expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  it("covers a long text in Cyrillic", () => {
    const state = { b: "проверка ".repeat(5_000), a: [1, { z: true }] };
    const expected = createHash("sha256").update(canonical(state)).digest("hex").slice(0, 32);
    expect(digest(state)).toBe(expected);
    expect(digest({ ...state, a: [1, { z: false }] })).not.toBe(expected);
  });
});
