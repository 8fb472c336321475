// Canonical JSON (RFC 8785) and SHA-256 over it, as the server computes them. Written out here,
// synchronous and without `crypto.subtle`, which is missing on plain-HTTP pages of a station.

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** The RFC 8785 form. Throws for what JSON cannot hold: NaN, infinities, functions. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("not a JSON number");
    // ECMAScript's own number form is the one RFC 8785 prescribes; -0 becomes 0 in both.
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object") {
    const object = value as Record<string, unknown>;
    const parts: string[] = [];
    // The default order of sort() compares UTF-16 code units, as RFC 8785 asks.
    for (const key of Object.keys(object).sort()) {
      if (object[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonical(object[key])}`);
    }
    return `{${parts.join(",")}}`;
  }
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

/** The digest that `dig` frames carry: the first 16 bytes of SHA-256 over the canonical form. */
export function digest(value: unknown): string {
  return sha256(new TextEncoder().encode(canonical(value))).slice(0, 32);
}

const K = roundConstants();

/** SHA-256 in lower-case hexadecimal. */
export function sha256(message: Uint8Array): string {
  const bits = message.length * 8;
  const padded = new Uint8Array(((message.length + 8) >> 6 << 6) + 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bits / 2 ** 32));
  view.setUint32(padded.length - 4, bits >>> 0);

  const h = Int32Array.of(
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  );
  const w = new Int32Array(64);
  for (let at = 0; at < padded.length; at += 64) compress(h, w, view, at);
  return Array.from(h, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function compress(h: Int32Array, w: Int32Array, view: DataView, at: number): void {
  const word = (i: number): number => w[i] as number;
  for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(at + i * 4);
  for (let i = 16; i < 64; i += 1) {
    const x = word(i - 15);
    const y = word(i - 2);
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w[i] = (word(i - 16) + s0 + word(i - 7) + s1) | 0;
  }
  let [a, b, c, d, e, f, g, k] = h as unknown as [
    number, number, number, number, number, number, number, number,
  ];
  for (let i = 0; i < 64; i += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (k + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + word(i)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    k = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  for (const [i, value] of [a, b, c, d, e, f, g, k].entries()) h[i] = ((h[i] as number) + value) | 0;
}

function turn(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function roundConstants(): Int32Array {
  const out = new Int32Array(64);
  let found = 0;
  for (let n = 2; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d += 1) prime = n % d !== 0;
    if (!prime) continue;
    const root = Math.cbrt(n);
    out[found] = ((root - Math.floor(root)) * 2 ** 32) | 0;
    found += 1;
  }
  return out;
}
