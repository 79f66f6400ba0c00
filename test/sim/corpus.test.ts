// Schedules on which the engine once failed, each with what it was: they pass now, and must go on doing so.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { playSchedule } from '../../src/sim/play-schedule.js';
import type { Schedule } from '../../src/sim/schedule.js';

const CORPUS = fileURLToPath(new URL('../soak/corpus/', import.meta.url));

interface Case {
  readonly what: string;
  readonly schedule: Schedule;
}

describe('the corpus of past failures', () => {
  test.each(readdirSync(CORPUS).filter((name) => name.endsWith('.json')))('%s', { timeout: 60_000 }, async (name) => {
    const { what, schedule } = JSON.parse(readFileSync(`${CORPUS}${name}`, 'utf8')) as Case;
    const { failure, peerFrames } = await playSchedule(schedule);
    expect(failure, `${what}\nreplay: npm run soak -- --schedule test/soak/corpus/${name}`).toBeUndefined();
    expect(peerFrames).toBeGreaterThan(0);
  });
});
