// The proof of `rollwire play` must be able to fail: one wrong input or state of one peer in one frame is found and named.
import { describe, expect, test } from 'vitest';
import type { PlaySettings } from '../../src/cli/play-flags.js';
import type { PeerResult } from '../../src/cli/play-messages.js';
import { judge, replay } from '../../src/cli/play-verdict.js';

const SETTINGS: PlaySettings = {
  frames: 50,
  delay: 0,
  jitter: 0,
  loss: 0,
  burst: 0,
  seed: 3,
  inputDelay: 2,
  window: 8,
  inputs: '',
  port: 0,
};
const RECORDING = Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 251);
const truth = replay(RECORDING, SETTINGS);

function seen(name: string, change: Partial<Pick<PeerResult, 'inputs' | 'hashes'>> = {}): PeerResult & { name: string } {
  return {
    type: 'result',
    name,
    connectMs: 1,
    confirmedFrame: 49,
    rollbacks: 0,
    resimulatedFrames: 0,
    maxRollbackDepth: 0,
    stalledFrames: 0,
    inputPacketsSent: 1,
    otherPacketsSent: 1,
    sendsSkipped: 0,
    inputBytesSent: 1,
    checksPassed: 0,
    loss: 0,
    rttMs: [],
    inputs: truth.inputs,
    hashes: truth.hashes,
    sampledAt: [],
    heldAt: [],
    ...change,
  };
}

describe('the verdict', () => {
  test('equal peers are equal', () => {
    expect(judge(truth, [seen('a'), seen('b')])).toMatchObject({ equal: true, firstDifference: null });
  });

  test('the replay applies inputs after the input delay, and every frame has another state', () => {
    expect(truth.inputs.slice(0, 2)).toEqual([0, 0]);
    expect(truth.inputs[2]).toBe(RECORDING[0]! + 256 * RECORDING[1]! + 65_536 * (RECORDING[2]! + 256 * RECORDING[3]!));
    expect(new Set(truth.hashes).size).toBe(50);
  });

  test.for(['inputs', 'hashes'] as const)('a single wrong value in %s is found', (field) => {
    for (const frame of [0, 17, 49]) {
      const wrong = [...truth[field]];
      wrong[frame]!++;
      const verdict = judge(truth, [seen('a'), seen('b', { [field]: wrong })]);
      expect(verdict).toMatchObject({ equal: false, firstDifference: frame });
      expect(verdict.text).toContain("b's");
    }
  });

  test('a frame that is missing is a difference', () => {
    expect(judge(truth, [seen('a'), seen('b', { hashes: truth.hashes.slice(0, 49) })])).toMatchObject({
      equal: false,
      firstDifference: 49,
    });
  });
});
