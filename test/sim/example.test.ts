// What the README of examples/testing shows is what its game is told.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { input } from '../../examples/testing/game.js';
import { ForgottenField, RandomSparks } from '../../examples/testing/planted-bugs.js';
import { syncTest } from '../../src/sim/sync-test.js';

const readme = readFileSync(new URL('../../examples/testing/README.md', import.meta.url), 'utf8');
const withoutDigits = (text: string): string => text.replaceAll(/expected [\d.]+, got [\d.]+/g, '');

describe('the README of examples/testing', () => {
  it('shows what syncTest says, but for the random numbers', async () => {
    const forgotten = await syncTest(() => new ForgottenField(), { input });
    expect(readme).toContain(`\`\`\`console\n${forgotten.text}\n\`\`\``);
    const sparks = await syncTest(() => new RandomSparks(), { input });
    expect(withoutDigits(readme)).toContain(`\`\`\`console\n${withoutDigits(sparks.text)}\n\`\`\``);
  });

  it('lists every fault', () => {
    const source = readFileSync(new URL('../../src/sim/sync-fault.ts', import.meta.url), 'utf8');
    const faults = [...source.slice(0, source.indexOf('} as const')).matchAll(/^ {2}'?([a-z-]+)'?:/gm)].map(([, name]) => name);
    expect(faults).toHaveLength(12);
    for (const fault of faults) expect(readme).toContain(`| \`${fault}\``);
  });
});
