// UUIDv7 made by the client: the id under which a command is applied once, however often sent.

let lastMs = 0;
let counter = 0;

/** A new UUIDv7; ids made in one tab sort in the order in which they were made. */
export function uuidv7(now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now;
    counter = 0;
  } else {
    // Same millisecond, or a clock set back: go on from the last one, so that order holds.
    counter += 1;
    if (counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
  }
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = ((random[0] as number) & 0x3f) | 0x80;
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const time = lastMs.toString(16).padStart(12, "0");
  const mid = (0x7000 | counter).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${mid}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
