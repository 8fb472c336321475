// The one place where pages take wire types from.
export type * from "./placeholder.ts";
import type { TimeView } from "./placeholder.ts";

/** An entry of the time ledger. */
export type TimeEntry = TimeView["entries"][string];
