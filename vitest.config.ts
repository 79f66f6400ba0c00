import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Examples import the package by its name, as users do; tests run from the sources.
  resolve: {
    alias: [
      { find: /^rollwire$/, replacement: at('src/index.ts') },
      { find: /^rollwire\/(sim|node|server)$/, replacement: at('src/$1/index.ts') },
      { find: /^rollwire\/signaling\/(.+)$/, replacement: at('src/signaling/$1.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['test/real/**'],
    // Real WebRTC in worker threads ends in a segmentation fault.
    pool: 'forks',
    testTimeout: 30_000,
  },
});
