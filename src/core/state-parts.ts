// What a state is made of, one level at a time, in an order that is the same on all machines (object keys sorted), with the name that
// a game's author would give to each part. The two files that look for differences walk over this: state-tree.ts, state-difference.ts.

/** Characters of a key or a text that are shown. */
const SHOWN = 40;

/** A container of bytes, and the view through which the game sees them. */
export interface Bytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
  readonly view: ArrayBufferView | ArrayBuffer;
}

interface Sequence<K> {
  readonly kind: K;
  readonly items: readonly unknown[];
}

/** A container whose items have keys, in the same order. */
export interface Keyed<K = 'map' | 'object'> extends Sequence<K> {
  readonly keys: readonly unknown[];
}

/** A container of values. */
export type Items = Sequence<'array'> | Sequence<'set'> | Keyed<'map'> | Keyed<'object'>;

/** One container, taken apart. */
export type Parts = Bytes | Items;

/** Takes a container apart; undefined if the value is none. Instances of classes are taken as objects of their own fields. */
export function partsOf(value: unknown): Parts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return { kind: 'array', items: value };
  if (ArrayBuffer.isView(value)) {
    return { kind: 'bytes', bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength), view: value };
  }
  if (value instanceof ArrayBuffer) return { kind: 'bytes', bytes: new Uint8Array(value), view: value };
  if (value instanceof Map) return { kind: 'map', keys: [...value.keys()], items: [...value.values()] };
  if (value instanceof Set) return { kind: 'set', items: [...(value as Set<unknown>)] };
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record).sort();
  return { kind: 'object', keys, items: keys.map((key) => record[key]) };
}

/** Whether a value is an instance of a class: an object whose fields may not be all that there is to it. */
export function isInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  if (value instanceof ArrayBuffer || value instanceof Map || value instanceof Set) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype;
}

/** The name of an item of a container called `path`; '' is the state itself. */
export function itemPath(path: string, parts: Items, index: number): string {
  if (parts.kind === 'array') return `${path}[${index}]`;
  if (parts.kind === 'set') return `[...${path}][${index}]`;
  return keyPath(path, parts.kind, parts.keys[index]);
}

/** The name of what stands under a key. */
export function keyPath(path: string, kind: Keyed['kind'], key: unknown): string {
  if (kind === 'map') return `${path}.get(${showValue(key)})`;
  if (typeof key === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,39}$/u.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${showValue(key)}]`;
}

/** The name of the items from..to (inclusive) of a long container. */
export function itemsPath(path: string, parts: Items, from: number, to: number): string {
  if (parts.kind === 'array') return `${path}[${from}..${to}]`;
  if (parts.kind === 'set') return `[...${path}][${from}..${to}]`;
  return `${path}[${showValue(parts.keys[from])}..${showValue(parts.keys[to])}]`;
}

/** The name of the bytes from..to (inclusive): of the elements in which they lie, if the array has larger ones than bytes. */
export function bytesPath(path: string, view: ArrayBufferView | ArrayBuffer, from: number, to: number): string {
  const size = elementSize(view);
  if (size === 1) return `${path}${path === '' ? '' : ' '}bytes ${from === to ? from : `${from}..${to}`}`;
  const first = Math.floor(from / size);
  const last = Math.floor(to / size);
  return `${path}[${first === last ? first : `${first}..${last}`}]`;
}

/** The name of a container's length. */
export function lengthPath(path: string, parts: Parts): string {
  if (parts.kind === 'object') return `${pathOrState(path)} (keys)`;
  const dot = path === '' ? '' : `${path}.`;
  if (parts.kind === 'bytes') return `${dot}${elementSize(parts.view) === 1 ? 'byteLength' : 'length'}`;
  return `${dot}${parts.kind === 'array' ? 'length' : 'size'}`;
}

/** The name of a value by itself. */
export function pathOrState(path: string): string {
  return path === '' ? 'state' : path;
}

/** Bytes of an element of a typed array; 1 for plain bytes. */
export function elementSize(view: ArrayBufferView | ArrayBuffer): number {
  return 'BYTES_PER_ELEMENT' in view && typeof view.BYTES_PER_ELEMENT === 'number' ? view.BYTES_PER_ELEMENT : 1;
}

/** A value in a few characters. */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${showDigits(String(value))}n`;
    case 'object':
      return value === null ? 'null' : showContainer(partsOf(value)!);
    case 'boolean':
    case 'undefined':
      return String(value);
    default:
      return `a ${typeof value}`;
  }
}

function showDigits(digits: string): string {
  return digits.length > SHOWN ? `${digits.slice(0, SHOWN)}…` : digits;
}

function showContainer(parts: Parts): string {
  switch (parts.kind) {
    case 'bytes':
      return `${parts.bytes.length} bytes`;
    case 'array':
      return `[${parts.items.length}]`;
    case 'set':
      return `Set(${parts.items.length})`;
    case 'map':
      return `Map(${parts.items.length})`;
    case 'object':
      return `{${parts.keys.slice(0, 3).map(String).join(', ').slice(0, SHOWN)}${parts.keys.length > 3 ? ', …' : ''}}`;
  }
}
