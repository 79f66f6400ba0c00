// A distribution of delays given by a few of its quantiles, as measurements report it. Between them it is interpolated in a straight
// line: exact where it was measured, and no claim about a shape that nobody measured.

/** Delays in ms: half are at most `p50`, 99 % at most `p99`, all at most `max`. What is left out lies on the line between its neighbours. */
export interface DelayQuantiles {
  readonly p50?: number;
  readonly p90?: number;
  readonly p99?: number;
  readonly p999?: number;
  readonly max: number;
}

/** The names of the quantiles, each with the share of delays that lie below it. */
export const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p999', 0.999],
  ['max', 1],
] as const satisfies readonly (readonly [keyof DelayQuantiles, number])[];

/** The distribution's inverse: from a number in [0, 1), evenly distributed, to a delay in ms. */
export function delayFrom(quantiles: DelayQuantiles): (share: number) => number {
  const shares = [0];
  const delays = [0];
  for (const [name, share] of QUANTILES) {
    const ms = quantiles[name];
    if (ms === undefined) continue;
    shares.push(share);
    delays.push(ms);
  }
  return (share) => {
    let i = 1;
    while (shares[i]! < share) i++;
    const from = delays[i - 1]!;
    return from + ((share - shares[i - 1]!) / (shares[i]! - shares[i - 1]!)) * (delays[i]! - from);
  };
}
