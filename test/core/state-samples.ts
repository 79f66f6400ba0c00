// Random states for the tests that look for differences, and single changes to them, each with the path that it must be found under.
// The paths are written down here by hand, not by the code under test.
import fc from 'fast-check';

const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 6 }),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt({ min: -1000n, max: 1000n }),
);
const key = fc.oneof(fc.constantFrom('x', 'hp', 'units', 'two words', '0', 'ü'), fc.string({ maxLength: 4 }));

/** Nested states of all kinds of values; some containers are too long to be shown item by item at once. */
export const anyState: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.integer(), { minLength: 30, maxLength: 300 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.uniqueArray(fc.integer(), { minLength: 33, maxLength: 60 }).map((keys) => new Map(keys.map((k) => [k, k]))),
    fc.uniqueArray(scalar, { maxLength: 5 }).map((items) => new Set(items)),
    fc.uint8Array({ maxLength: 700 }),
    fc.int32Array({ maxLength: 40 }),
    fc.float64Array({ maxLength: 20 }),
  ),
})).value;

export interface Change {
  readonly path: string;
  /** Carries the change out on a state with the same structure. */
  apply(state: unknown): void;
}

type Get = (state: unknown) => unknown;
const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const dotted = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Every single change of one scalar, byte or length in a state. */
export function changesOf(state: unknown): Change[] {
  const changes: Change[] = [];
  walk(
    { root: state },
    (root) => root,
    'root',
    '',
    changes,
    (root, value) => Object.assign(root as object, { root: value }),
  );
  return changes;
}

function walk(holder: object, get: Get, at: string, path: string, changes: Change[], set: (holder: unknown, value: unknown) => void): void {
  const value = (get(holder) as Record<string, unknown>)[at];
  const found: Get = (state) => (get(state) as Record<string, unknown>)[at];
  children(value, holder, found, path, changes);
  if (typeof value !== 'object' || value === null) {
    changes.push({ path: path === '' ? 'state' : path, apply: (state) => set(get(state), other(value)) });
  }
}

function children(value: unknown, holder: object, found: Get, path: string, changes: Change[]): void {
  const assign = (at: string) => (target: unknown, changed: unknown) => {
    (target as Record<string, unknown>)[at] = changed;
  };
  if (Array.isArray(value)) {
    value.forEach((_, i) => walk(holder, found, String(i), `${path}[${i}]`, changes, assign(String(i))));
    changes.push({ path: dotted(path, 'length'), apply: (state) => (found(state) as unknown[]).push(1) });
  } else if (ArrayBuffer.isView(value)) {
    bytes(value as Uint8Array, found, path, changes);
  } else if (value instanceof Map) {
    for (const [k, item] of value as Map<unknown, unknown>) {
      const inner: Get = (state) => ({ item: (found(state) as Map<unknown, unknown>).get(k) });
      const name = `${path}.get(${typeof k === 'string' ? JSON.stringify(k) : String(k)})`;
      if (typeof item === 'object' && item !== null)
        children(item, holder, (state) => (inner(state) as { item: unknown }).item, name, changes);
      else changes.push({ path: name, apply: (state) => (found(state) as Map<unknown, unknown>).set(k, other(item)) });
    }
  } else if (value instanceof Set) {
    if (!value.has('new')) changes.push({ path: dotted(path, 'size'), apply: (state) => (found(state) as Set<unknown>).add('new') });
  } else if (typeof value === 'object' && value !== null) {
    for (const k of Object.keys(value)) {
      const name = identifier.test(k) ? dotted(path, k) : `${path}[${JSON.stringify(k)}]`;
      walk(holder, found, k, name, changes, assign(k));
    }
  }
}

function bytes(value: Uint8Array, found: Get, path: string, changes: Change[]): void {
  for (let i = 0; i < value.byteLength; i++) {
    const element = Math.floor(i / value.BYTES_PER_ELEMENT);
    const word = i - (i % 4);
    const last = Math.min(word + 3, value.byteLength - 1);
    const block = `${path}${path === '' ? '' : ' '}bytes ${word === last ? word : `${word}..${last}`}`;
    changes.push({
      path: value.BYTES_PER_ELEMENT === 1 ? block : `${path}[${element}]`,
      apply: (state) => {
        const view = found(state) as Uint8Array;
        new Uint8Array(view.buffer, view.byteOffset)[i]! ^= 0x10;
      },
    });
  }
}

function other(value: unknown): unknown {
  return typeof value === 'number' ? (Object.is(value, 1) ? 2 : 1) : typeof value === 'string' ? `${value}!` : value === 7 ? 8 : 7;
}

/** The same state with the keys of all objects in reverse. */
export function reversedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversedKeys);
  if (value instanceof Map) return new Map([...(value as Map<unknown, unknown>)].map(([k, item]) => [k, reversedKeys(item)]));
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Set) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, item]) => [k, reversedKeys(item)]),
  );
}
