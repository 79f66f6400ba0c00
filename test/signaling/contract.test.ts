// The contract suite over the adapter in memory, and the proof that the suite sees what it is there to see: each planted fault
// is caught by a check of the clause that it breaks.
import { describe, expect, it } from 'vitest';
import { signalingContract, type ContractCheck, type ContractWorld } from '../../src/signaling/contract.js';
import { memorySignaling } from '../../src/signaling/memory.js';
import { FAULTS, faultyWorld, NO_FAULT } from './planted-faults.js';

/** All events of the planted adapters come within microtasks or one timer of 1 ms; a fault that withholds one costs this much. */
const LIMIT_MS = 100;

async function failures(checks: readonly ContractCheck[]): Promise<{ clause: number; message: string }[]> {
  const failed = await Promise.all(
    checks.map(async ({ clause, run }) => {
      try {
        await run();
        return [];
      } catch (error) {
        return [{ clause, message: error instanceof Error ? error.message : 'not an Error' }];
      }
    }),
  );
  return failed.flat();
}

describe('memory signaling keeps the contract', () => {
  const world = async (): Promise<ContractWorld> => {
    const signaling = memorySignaling();
    return { signaling: () => signaling, close: async () => undefined };
  };
  for (const { name, run } of signalingContract(world, { withoutCut: true })) it(name, run);
});

describe('the contract suite', () => {
  it('has a check for every clause', () => {
    const clauses = new Set(signalingContract(() => faultyWorld(NO_FAULT)).map(({ clause }) => clause));
    expect([...clauses].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('fails the checks that lose a connection where that is not possible, unless it is told to leave them out', async () => {
    const world = async (): Promise<ContractWorld> => {
      const memory = memorySignaling();
      return { signaling: () => memory, close: async () => undefined };
    };
    const all = signalingContract(world);
    const failed = await failures(all);
    expect(failed.map(({ clause }) => clause)).toEqual([5, 11]);
    for (const { message } of failed) expect(message).toContain('withoutCut');
    expect(signalingContract(world, { withoutCut: true })).toHaveLength(all.length - 2);
  });

  it('finds nothing in the adapter that the faults are planted in', async () => {
    expect(await failures(signalingContract(() => faultyWorld(NO_FAULT), { limitMs: 2_000 }))).toEqual([]);
  });

  for (const fault of FAULTS) {
    it(`sees an adapter that ${fault.name} (clause ${fault.clause})`, async () => {
      const failed = await failures(signalingContract(() => faultyWorld(fault), { limitMs: LIMIT_MS }));
      expect(failed.map(({ clause }) => clause)).toContain(fault.clause);
      for (const { message } of failed) expect(message).toMatch(/^clause \d+, .+: .+/);
    });
  }

  it('closes its world after a failed check as after a good one', async () => {
    let open = 0;
    const setup = async (): Promise<ContractWorld> => {
      open++;
      const world = await faultyWorld({ name: '', clause: 5, handlers: (on) => ({ ...on, gone: () => undefined }) });
      return {
        signaling: () => world.signaling(),
        close: async () => {
          open--;
        },
      };
    };
    expect((await failures(signalingContract(setup, { limitMs: LIMIT_MS }))).length).toBeGreaterThan(0);
    expect(open).toBe(0);
  });
});
