// A stand-in for the real server, for `npm run dev` alone: never part of the build.
import type { Plugin } from "vite";

/** The Vite plugin that answers /api and /live with invented exams. */
export function mockServer(): Plugin {
  return { name: "nsk-mock" };
}
