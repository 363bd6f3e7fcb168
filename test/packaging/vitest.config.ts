import { defineConfig } from 'vitest/config';

// Needs the npm registry, so it is not part of `npm test`: npm run test:packaging.
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.check.ts'], testTimeout: 120_000, hookTimeout: 300_000 },
});
