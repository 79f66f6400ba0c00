// What a piece of work costs: the processor's time and allocation; and the middle of many such figures.

export interface Cost {
  readonly us: number;
  /** Allocated on the heap and in buffers. */
  readonly bytes: number;
}

/**
 * Runs some work and divides its cost by `units`. The time is the processor's, so that what else the machine does is not counted. The young
 * generation is so large (see the flags of `npm run bench`) that nothing is collected meanwhile: memory grows by what is allocated.
 */
export function measure(units: number, run: () => void): Cost {
  globalThis.gc?.();
  const before = memory();
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  const bytes = memory() - before;
  return { us: (user + system) / units, bytes: bytes / units };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
