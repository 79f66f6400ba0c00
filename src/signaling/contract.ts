// The signaling contract as a runnable suite, for any test runner: checks for each numbered clause of `Signaling`.
// It waits for events, never for time; so "nothing else arrives" is looked at when signals sent later have gone round, and a
// fault that shows even later escapes it.
import { DELIVERY_CHECKS } from './contract-delivery.js';
import { MEMBERSHIP_CHECKS } from './contract-membership.js';
import { ContractScene, type ContractWorld } from './contract-scene.js';

export type { ContractWorld } from './contract-scene.js';

/** One check. `run` resolves if the adapter keeps the clause, and rejects with an Error that says what was seen instead. */
export interface ContractCheck {
  readonly name: string;
  /** The number of the clause in the doc comment of `Signaling`. */
  readonly clause: number;
  readonly run: () => Promise<void>;
}

export interface ContractOptions {
  /** How long an event may take to come, in ms. Default 5000: far more than a server needs, so that only a fault reaches it. */
  readonly limitMs?: number;
  /** Leaves out the checks that lose a connection: for an adapter that has none to lose, such as one in memory. Default false. */
  readonly withoutCut?: boolean;
}

/**
 * The checks for an adapter. `setup` is called once for each check, and what it made is closed after the check.
 *
 * ```ts
 * for (const { name, run } of signalingContract(setup)) it(name, run);
 * ```
 */
export function signalingContract(setup: () => Promise<ContractWorld>, options: ContractOptions = {}): readonly ContractCheck[] {
  const { limitMs = 5_000, withoutCut = false } = options;
  return [...MEMBERSHIP_CHECKS, ...DELIVERY_CHECKS]
    .filter(({ cuts }) => cuts === undefined || !withoutCut)
    .map(({ clause, name, check }) => ({
      name: `clause ${clause}: ${name}`,
      clause,
      run: async () => {
        const scene = new ContractScene(await setup(), limitMs);
        try {
          await check(scene);
        } catch (error) {
          throw new Error(`clause ${clause}, ${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        } finally {
          await scene.close();
        }
      },
    }));
}
