// Percentiles of measured values.

/** The smallest value that at least `share` (0 to 1) of the values do not exceed; null if there are none. */
export function percentile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The median and the 99th percentile, rounded to 0.1. */
export function spread(values: readonly number[]): { p50: number | null; p99: number | null } {
  return { p50: rounded(percentile(values, 0.5)), p99: rounded(percentile(values, 0.99)) };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
