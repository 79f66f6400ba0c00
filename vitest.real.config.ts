// The slower suite: a minute and more of real time each, with figures.
import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/real/**/*.test.ts'], exclude: [], maxConcurrency: 2, fileParallelism: false },
});
