// Browser tests: the real server, the built pages, headless Chromium. Run by `npm run e2e`.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    environment: "node",
    testTimeout: 40_000,
    hookTimeout: 40_000,
    // One day, one story: what a test leaves behind is where the next one begins.
    fileParallelism: false,
    bail: 1,
  },
});
