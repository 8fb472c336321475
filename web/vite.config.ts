// Builds the pages into dist/, which the server embeds. Everything is served from one origin under
// a strict CSP, so nothing may be inlined into the HTML.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { mockServer } from "./mock/server.ts";

const SERVER = process.env["NSK_URL"];

export default defineConfig(({ command }) => ({
  plugins: [svelte(), ...(command === "serve" && !SERVER && !process.env["VITEST"] ? [mockServer()] : [])],
  build: {
    outDir: "dist",
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // `NSK_URL=http://127.0.0.1:8080 npm run dev` works on a running server instead of the mock.
  server: SERVER
    ? { proxy: { "/api": SERVER, "/live": { target: SERVER, ws: true } } }
    : {},
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
}));
