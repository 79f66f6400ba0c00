// Run-length packing of inputs. An input is some 16-bit words; each word's values over the frames of a packet are a column, and a
// column is pairs "value, length". Absolute values: every packet can be read by itself, whatever was lost before it.

/** A word of the inputs of a frame. */
export type WordAt = (frame: number, column: number) => number;

/** Writes the runs of a column over `count` frames from `first` into `fields` at index `to`. Returns the index after them. */
export function packColumn(fields: unknown[], to: number, first: number, count: number, column: number, word: WordAt): number {
  let next = to;
  const end = first + count;
  let frame = first;
  while (frame < end) {
    const value = word(frame, column);
    const start = frame++;
    while (frame < end && word(frame, column) === value) frame++;
    fields[next++] = value;
    fields[next++] = frame - start;
  }
  return next;
}

/**
 * Unpacks all columns from the fields after `from` into `into`, frame by frame (index = frame · columns + column).
 * Returns the count of frames, or −1 if the runs are not those of whole columns of equal length of at most `maxFrames`.
 */
export function unpackColumns(fields: readonly unknown[], from: number, columns: number, maxFrames: number, into: Uint16Array): number {
  if ((fields.length - from) % 2 !== 0) return -1;
  let total = 0;
  for (let i = from + 1; i < fields.length; i += 2) {
    const length = fields[i];
    if (!isWhole(length, 1, maxFrames)) return -1;
    total += length;
  }
  const count = total / columns;
  if (!Number.isInteger(count) || count > maxFrames) return -1;
  let column = 0;
  let frame = 0;
  for (let i = from; i < fields.length; i += 2) {
    const value = fields[i];
    const length = fields[i + 1] as number;
    if (!isWhole(value, 0, 0xffff) || frame + length > count) return -1;
    for (let end = frame + length; frame < end; frame++) into[frame * columns + column] = value;
    if (frame === count) {
      frame = 0;
      column++;
    }
  }
  return count;
}

/** Control packets may hold fractions and NaN. */
function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
