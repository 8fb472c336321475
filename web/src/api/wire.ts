// The one place where pages take wire types from.
export type * from "./generated.ts";
import type { TimeView } from "./generated.ts";

/** An entry of the time ledger. */
export type TimeEntry = TimeView["entries"][string];
