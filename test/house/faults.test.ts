// The planted faults of `npm run soak:faults` fit the engine as it is: that run takes a minute and is made on demand, this takes none.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FAULTS } from '../soak/faults.js';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

test.each(FAULTS)('$name', ({ file, from, to }) => {
  expect(readFileSync(`${SRC}${file}`, 'utf8').split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});

test('there are enough of them, each with a name of its own', () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  expect(FAULTS.length).toBeGreaterThanOrEqual(20);
});
