// Hostile values and texts for everything that is said through signaling: by shape (valid messages with parts exchanged), by kind
// (cycles, proxies, getters, holes, prototypes, lone surrogates) and by size.
import type { Dice } from './dice.js';

const HOST = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
/** Just beyond the longest text that is taken, and far beyond. */
const LONG = 'v'.repeat(65_537);
const MEGABYTE = 'm'.repeat(1_048_577);

/** Valid signals, room messages and what is in them. */
const SIGNALS: readonly Readonly<Record<string, unknown>>[] = [
  { attempt: 'try-1', kind: 'description', type: 'offer', sdp: `v=0\r\na=${HOST}\r\n` },
  { attempt: 'try-1', kind: 'description', type: 'answer', sdp: 'v=0' },
  { attempt: 'try-1', kind: 'description', type: 'offer', sdp: 'v=0', iceServers: [{ urls: ['stun:a'], username: 'u', credential: 'c' }] },
  { attempt: 'try-1', kind: 'candidate', candidate: { candidate: HOST, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' } },
  { attempt: 'try-1', connection: 1, kind: 'candidate', candidate: HOST },
  { attempt: 'try-1', kind: 'candidate', candidate: JSON.stringify({ candidate: HOST }) },
  { attempt: 'try-1', kind: 'candidate', candidate: null },
  { attempt: 'try-1', kind: 'bye', reason: 'left' },
];
const MESSAGES: readonly Readonly<Record<string, unknown>>[] = [
  { kind: 'join', v: 1, room: 'room', id: 'ann' },
  { kind: 'signal', to: 'ann', signal: SIGNALS[0] },
  { kind: 'leave' },
  { kind: 'joined', self: 'me', peers: ['ann', 'bob'], iceServers: [{ urls: 'stun:a' }] },
  { kind: 'peer', id: 'carl' },
  { kind: 'gone', id: 'ann' },
  { kind: 'signal', from: 'ann', signal: SIGNALS[3] },
  { kind: 'signal', from: 'bob', signal: SIGNALS[7] },
  { kind: 'refused', code: 'room-full', reason: 'full', players: 4 },
];
/** Values of the right kind that other fields have. */
const PLAIN: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  1,
  7,
  8,
  1.5,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  1e308,
  '',
  'x',
  'offer',
  'bye',
  'signal',
  'ann',
  'me',
  'try-2',
  '\ud800',
  '\u0000',
  '\ufeff',
  '__proto__',
  'constructor',
  '{"candidate":',
  '{"candidate":"x"}',
  `{"a":${'['.repeat(5_000)}`,
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(129),
  'x'.repeat(257),
  'x'.repeat(513),
  [],
  {},
  [[]],
  [null],
  [{ urls: [] }],
  [{ urls: 'stun:a', username: 5 }],
  Array.from({ length: 17 }, () => ({ urls: 'stun:a' })),
  { candidate: { candidate: 'x' } },
  { candidate: '', sdpMid: 1 },
];

function explode(): never {
  throw new Error('looked at');
}

function cycle(): unknown {
  const value: { attempt: string; self?: unknown } = { attempt: 'x' };
  value.self = value;
  return value;
}

function nested(levels: number): unknown {
  let value: unknown = 'deep';
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { candidate: value };
  return value;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Something else each time that it is read. */
function fickle(first: unknown): PropertyDescriptor {
  let reads = 0;
  return { enumerable: true, get: () => (reads++ === 0 ? first : [{ not: 'that' }]) };
}

/** What no JSON text gives, but an application may hand on. */
const EXOTIC: readonly (() => unknown)[] = [
  () => undefined,
  () => 1n,
  () => Symbol('s'),
  () => explode,
  () => cycle(),
  () => nested(3_000),
  () => new Proxy({}, { get: explode, has: explode, ownKeys: explode, getOwnPropertyDescriptor: explode, getPrototypeOf: explode }),
  () => new Proxy([], { get: explode }),
  () => revoked(),
  () => Object.defineProperty({}, 'kind', { get: explode }),
  () => Object.create({ attempt: 'x', kind: 'bye', reason: 'inherited' }) as unknown,
  () => Object.assign(Object.create(null) as object, { attempt: 'x', kind: 'bye', reason: 'bare' }),
  () => ({ toJSON: explode, toString: explode, valueOf: explode }),
  () => Object.assign([], { length: 2 ** 32 - 1 }),
  () => Object.assign([{ urls: 5 }], { every: () => true, length: 1 }),
  () => Object.assign(['stun:a'], { [Symbol.iterator]: explode }),
  () => new Date(Number.NaN),
  () => new Map([['kind', 'bye']]),
  () => new Uint8Array(100),
  () => new String('bye'),
  () => JSON.parse('{"__proto__":{"kind":"bye","polluted":1},"attempt":"x"}') as unknown,
  () => LONG,
];

/** What can be taken apart without anything happening. */
const HARMLESS: ReadonlySet<unknown> = new Set(withParts([...SIGNALS, ...MESSAGES, ...PLAIN]));

function withParts(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) => (typeof value === 'object' && value !== null ? [value, ...withParts(Object.values(value))] : []));
}

export class ValueForge {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** A signal, or nearly. */
  signal(): unknown {
    const dice = this.#dice;
    if (dice.oneIn(16)) return this.#any(true);
    return this.#changed(dice.pick(SIGNALS), true);
  }

  /** What is inside a signal: a candidate or a list of servers, or nearly. */
  part(): unknown {
    const dice = this.#dice;
    const { candidate, iceServers } = dice.pick(SIGNALS);
    const part = candidate ?? iceServers;
    return HARMLESS.has(part) && !dice.oneIn(8) ? this.#changed(part as Record<string, unknown>, true) : this.#any(true);
  }

  /** A text between a client and its room server, or nearly. */
  text(): string {
    const dice = this.#dice;
    const message = this.#changed(dice.pick(MESSAGES), false);
    if (dice.oneIn(3) && typeof message === 'object' && message !== null && 'signal' in message)
      message['signal'] = this.#changed(dice.pick(SIGNALS), false);
    const text = JSON.stringify(message);
    switch (dice.below(24)) {
      case 0:
        return text.slice(0, dice.below(text.length));
      case 1: {
        const at = dice.below(text.length);
        return text.slice(0, at) + String.fromCharCode(dice.below(dice.oneIn(2) ? 128 : 65_536)) + text.slice(at + 1);
      }
      case 2:
        return text + text;
      case 3:
        // The same key twice, and one that is special.
        return text.replace('{', dice.pick(['{"kind":"leave",', '{"__proto__":{"kind":"peer","id":"p"},', '{"constructor":1,', '{"":0,']));
      case 4:
        return text.replace(/"[^"]*"/, dice.pick(['1e999', '-0', '"\\ud800"', '01', 'undefined', `${'['.repeat(dice.below(3_000))}`]));
      case 5:
        return dice.oneIn(200) ? `{"kind":"signal","from":"ann","to":"ann","signal":${'['.repeat(8_000)}${']'.repeat(8_000)}}` : '';
      case 6:
        return dice.oneIn(400) ? `{"kind":"peer","id":"${MEGABYTE}"}` : 'null';
      case 7:
        return JSON.stringify({ kind: dice.pick(['peer', 'gone']), id: `p${dice.below(600)}` });
      default:
        return text;
    }
  }

  #changed(valid: Readonly<Record<string, unknown>>, exotic: boolean): Record<string, unknown> {
    const dice = this.#dice;
    const value: Record<string, unknown> = Array.isArray(valid) ? (valid.map((item: unknown) => item) as never) : { ...valid };
    for (let n = dice.below(3); n > 0; n--) {
      const keys = Object.keys(value);
      const key =
        keys.length === 0 || dice.oneIn(12) ? dice.pick(['kind', 'attempt', 'extra', 'connection', 'candidate', 'sdp']) : dice.pick(keys);
      // Not by reading it: it may be one that explodes already.
      const old: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
      if (dice.oneIn(6)) delete value[key];
      else if (dice.oneIn(5) && HARMLESS.has(old)) value[key] = this.#changed(old as Record<string, unknown>, exotic);
      else if (exotic && dice.oneIn(12)) Object.defineProperty(value, key, { configurable: true, ...fickle(old) });
      else if (exotic && dice.oneIn(16)) Object.defineProperty(value, key, { configurable: true, enumerable: true, get: explode });
      else Object.defineProperty(value, key, { configurable: true, enumerable: true, writable: true, value: this.#any(exotic) });
    }
    return value;
  }

  #any(exotic: boolean): unknown {
    const dice = this.#dice;
    if (exotic && dice.oneIn(3)) return dice.pick(EXOTIC)();
    return dice.oneIn(10) ? dice.edge() : dice.pick(PLAIN);
  }
}
