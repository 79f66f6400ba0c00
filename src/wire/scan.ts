// Looks over a stranger's msgpack bytes before the decoder does: only well-formed values of plain kinds, every length checked
// against what is left, nesting bounded. No extension types, 64-bit integers or reserved bytes reach the decoder.

/** Whether the bytes are exactly one array of integers, with flat arrays of integers at most as elements. */
export function isIntegers(bytes: Uint8Array): boolean {
  return isArray(bytes) && skip(bytes, 0, 2, true) === bytes.length;
}

/** Whether the bytes are exactly one array of plain values, at most `depth` levels deep. */
export function isPlain(bytes: Uint8Array, depth: number): boolean {
  return isArray(bytes) && skip(bytes, 0, depth, false) === bytes.length;
}

function isArray(bytes: Uint8Array): boolean {
  const first = bytes[0]!;
  return (first >= 0x90 && first <= 0x9f) || first === 0xdc;
}

/** The position after the value at `at`, or −1. Positions beyond the end are caught by whoever reads or compares next. */
function skip(bytes: Uint8Array, at: number, depth: number, integers: boolean): number {
  const type = bytes[at];
  if (type === undefined) return -1;
  if (type <= 0x7f || type >= 0xe0) return at + 1;
  switch (type) {
    case 0xcc:
    case 0xd0:
      return at + 2;
    case 0xcd:
    case 0xd1:
      return at + 3;
    case 0xce:
    case 0xd2:
      return at + 5;
    case 0xdc:
      return skipArray(bytes, at + 3, (bytes[at + 1]! << 8) | bytes[at + 2]!, depth, integers);
  }
  if (type >= 0x90 && type <= 0x9f) return skipArray(bytes, at + 1, type & 0x0f, depth, integers);
  if (integers) return -1;
  if (type >= 0xa0 && type <= 0xbf) return at + 1 + (type & 0x1f);
  switch (type) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return at + 1;
    case 0xcb:
      return at + 9;
    case 0xd9:
      return at + 2 + bytes[at + 1]!;
    case 0xda:
      return at + 3 + ((bytes[at + 1]! << 8) | bytes[at + 2]!);
    default:
      return -1;
  }
}

function skipArray(bytes: Uint8Array, at: number, count: number, depth: number, integers: boolean): number {
  // Each element takes a byte at the least: a count beyond what is left is refused before anything is made of it.
  if (depth <= 0 || count > bytes.length - at) return -1;
  let next = at;
  for (let i = 0; i < count; i++) {
    next = skip(bytes, next, depth - 1, integers);
    if (next < 0 || next > bytes.length) return -1;
  }
  return next;
}
