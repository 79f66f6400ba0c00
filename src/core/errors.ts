// The one list of everything that can go wrong: a stable code, its fields, what happened, and what to do about it.

/** What is known about each error code. Messages may be reworded; codes and fields are stable. */
interface ErrorFields {
  /** A value given by the application is not one that can work. */
  'bad-option': { option: string; got: unknown; expected: string };
  /** The calls of a tick came in an order that the session cannot carry out. */
  'call-order': { call: string; expected: string };
  /** The signaling server could not be reached, or refused. */
  'signaling-unreachable': { url: string; cause: string };
  /** The signaling server went away while it was still needed. */
  'signaling-lost': { stage: Stage; cause: string };
  /** A server could not start: another program listens on its port. */
  'port-taken': { port: number };
  /** Somebody in the room has the id that was asked for. */
  'id-taken': { room: string; id: string };
  /** The room has as many peers as the match has places. */
  'room-full': { room: string; players: number };
  /** Nobody else (or not enough others) came into the room before the connect limit. */
  'no-peer': { room: string; present: number; players: number; limitMs: number };
  /** The other side is in the room, but its offer never came, or too late to be answered. */
  'no-offer': { peer: string; limitMs: number };
  /** The other side is in the room, but no answer to our offer came back, or there was no time left to make one. */
  'no-answer': { peer: string; limitMs: number };
  /** Descriptions were exchanged, but one side never named an address. */
  'no-candidates': { peer: string; limitMs: number; local: number; remote: number };
  /** Addresses were exchanged, but no pair of them answered. */
  'no-pair': { peer: string; limitMs: number; local: number; remote: number };
  /** A pair of addresses answered, but the encrypted transport did not come up. */
  'no-dtls': { peer: string; limitMs: number };
  /** The transport is up, but the DataChannels did not open. */
  'no-channels': { peer: string; limitMs: number };
  /** The channels are open, but the other side's hello did not come. */
  'no-handshake': { peer: string; limitMs: number };
  /** Hellos were exchanged, but not everyone agreed to start. */
  'no-start': { peer: string; limitMs: number };
  /** The browser or `@roamhq/wrtc` refused a step of the negotiation. */
  'rtc-refused': { peer: string; step: string; cause: string };
  /** This JavaScript environment has no RTCPeerConnection and none was given. */
  'no-rtc': Record<string, never>;
  /** The other side speaks another version of rollwire's protocol. */
  'version-mismatch': { peer: string; local: number; remote: number };
  /** A value on which all peers must agree differs. */
  'config-mismatch': { peer: string; field: string; local: unknown; remote: unknown };
  /** Nothing was heard from a peer for longer than the limit, or its channels closed without a goodbye. */
  'peer-lost': { peer: string; silentMs: number; why: string };
  /** The connection to a peer ended before the match began. */
  'peer-gone': { peer: string; stage: Stage; why: string };
  /** The game or the application threw: in `advance`, `save`, `load`, `sample`, `draw` or a handler of an event. The original error is `cause`. */
  'game-failed': { frame: number; cause: string };
  /** The application gave up (an AbortSignal, or `close()`). */
  aborted: { why: string };
}

/** How far an attempt to connect has come. In this order. */
export type Stage =
  | 'signaling'
  | 'room'
  | 'peer'
  | 'offer'
  | 'answer'
  | 'candidates'
  | 'pairs'
  | 'dtls'
  | 'channels'
  | 'handshake'
  | 'start';

/** Every code of {@link NetError}. */
export type ErrorCode = keyof ErrorFields;

type Texts = { [C in ErrorCode]: (f: ErrorFields[C]) => readonly [happened: string, remedy: string] };

const TEXTS: Texts = {
  'bad-option': (f) => [`${f.option} is ${show(f.got)}`, `use ${f.expected}`],
  'call-order': (f) => [`${f.call} was called out of order`, f.expected],
  'signaling-unreachable': (f) => [`the signaling server ${f.url} could not be reached (${f.cause})`, 'check its address and that it runs'],
  'signaling-lost': (f) => [`signaling was lost at stage "${f.stage}" (${f.cause})`, 'check the signaling server and join again'],
  'port-taken': (f) => [`port ${f.port} is taken by another program`, 'choose another port'],
  'id-taken': (f) => [`somebody in room "${f.room}" is called "${f.id}" already`, 'choose another id, or none and be given one'],
  'room-full': (f) => [`room "${f.room}" already has the ${f.players} peers of this match`, 'choose another room'],
  'no-peer': (f) => [
    `${f.present} of ${f.players} peers were in room "${f.room}" after ${seconds(f.limitMs)}`,
    'check that everyone uses the same signaling server and room name',
  ],
  'no-offer': (f) => [
    `${f.peer} is in the room, but its offer did not come within ${seconds(f.limitMs)}`,
    'check that it runs the same game and that signaling delivers to us',
  ],
  'no-answer': (f) => [
    `${f.peer} did not answer our offer within ${seconds(f.limitMs)}`,
    'check that it runs the same game and that signaling delivers both ways',
  ],
  'no-candidates': (f) => [
    `descriptions were exchanged with ${f.peer}, but of addresses ${f.local} were found here and ${f.remote} there in ${seconds(f.limitMs)}`,
    'check that signaling delivers candidates, and that WebRTC is not blocked by a policy or an extension',
  ],
  'no-pair': (f) => [
    `no pair of addresses to ${f.peer} answered within ${seconds(f.limitMs)} (${f.local} here, ${f.remote} there)`,
    'a firewall or NAT is in between: configure a TURN server in iceServers',
  ],
  'no-dtls': (f) => [
    `the encrypted transport to ${f.peer} did not come up within ${seconds(f.limitMs)}`,
    'the path loses too many packets or changes them: try another network or TURN',
  ],
  'no-channels': (f) => [
    `the DataChannels to ${f.peer} did not open within ${seconds(f.limitMs)}`,
    'check that both sides run the same version of rollwire',
  ],
  'no-handshake': (f) => [
    `the channels to ${f.peer} are open, but its hello did not come within ${seconds(f.limitMs)}`,
    'check that the other side runs a match, and the same version of rollwire',
  ],
  'no-start': (f) => [
    `${f.peer} said hello, but did not agree to start within ${seconds(f.limitMs)}`,
    'check that all peers can reach each other',
  ],
  'rtc-refused': (f) => [
    `WebRTC refused "${f.step}" with ${f.peer} (${f.cause})`,
    'check iceServers and that both sides run the same version of rollwire',
  ],
  'no-rtc': () => ['this environment has no RTCPeerConnection', 'in Node pass rtc from rollwire/node'],
  'version-mismatch': (f) => [
    `${f.peer} speaks protocol version ${f.remote}, we speak ${f.local}`,
    'reload both games so that they run the same version of rollwire',
  ],
  'config-mismatch': (f) => [
    `${f.field} differs from ${f.peer}'s: ${show(f.local)} here, ${show(f.remote)} there`,
    'run the same game with the same settings on both sides',
  ],
  'peer-lost': (f) => [
    `${f.peer} was lost: ${f.why}, silent for ${seconds(f.silentMs)}`,
    'it crashed, closed its page or lost its network: start a new match',
  ],
  'peer-gone': (f) => [`${f.peer} went away at stage "${f.stage}" (${f.why})`, 'wait for it to come back and join again'],
  'game-failed': (f) => [`the game failed at frame ${f.frame} (${f.cause})`, 'see the error in cause'],
  aborted: (f) => [`given up: ${f.why}`, 'join again to play'],
};

/**
 * Every error that rollwire throws, rejects with or ends a match with.
 * `code` and `fields` are for programs; `message` is one sentence for people, and ends with `remedy`.
 */
export class NetError<C extends ErrorCode = ErrorCode> extends Error {
  /** Stable; one of the list in `core/errors.ts`. */
  readonly code: C;
  /** The values behind the sentence. */
  readonly fields: Readonly<ErrorFields[C]>;
  /** What to do about it. */
  readonly remedy: string;

  /** @param cause The error that led to this one, if there is one. */
  constructor(code: C, fields: ErrorFields[C], cause?: unknown) {
    const [happened, remedy] = TEXTS[code](fields);
    super(`${happened}; ${remedy} [${code}]`, cause === undefined ? undefined : { cause });
    this.name = 'NetError';
    this.code = code;
    this.fields = fields;
    this.remedy = remedy;
  }
}

/** Refuses an integer option that is out of its range. */
export function requireInteger(option: string, got: unknown, min: number, max: number): void {
  if (!Number.isInteger(got) || (got as number) < min || (got as number) > max) {
    throw new NetError('bad-option', { option, got, expected: `an integer from ${min} to ${max}` });
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 80)}"`;
  try {
    return String(value);
  } catch {
    // An object without a prototype, or whose toString throws: the error being made must not fail for it.
    return Object.prototype.toString.call(value);
  }
}
