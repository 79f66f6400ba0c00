// The first field of every packet: its kind, and the epoch that tells a rematch on the same link from the match before.

export const KIND = {
  input: 0,
  hello: 1,
  start: 2,
  check: 3,
  leave: 4,
  details: 5,
} as const;

/** Epochs go round at this. */
export const EPOCHS = 16;

export function head(kind: number, epoch: number): number {
  return kind + 8 * epoch;
}

export function kindOf(first: number): number {
  return first & 7;
}

export function epochOf(first: number): number {
  return (first >> 3) & 15;
}

/** Why a packet was not used. Each is counted by itself. */
export type BadPacket =
  | 'too long'
  | 'not msgpack integers'
  | 'not plain msgpack'
  | 'unknown kind'
  | 'other epoch'
  | 'bad field'
  | 'bad runs'
  | 'frame too far'
  | 'gap'
  | 'unknown peer'
  | 'out of place';
