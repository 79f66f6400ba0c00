// The pre-negotiated DataChannels of one peer connection: both sides create the same ones, so none has to be announced.
// They do not depend on the policy of a side: the receiver takes what comes from any channel, so policies need not agree.
import type { InputChannel } from './send-policy.js';
import type { RtcDataChannel, RtcPeerConnection } from './rtc.js';

/** What a message is for: `input` may be lost and overtaken, `control` is reliable and ordered. */
export type MessageKind = 'input' | 'control';

/** The longest message that is sent or taken, in bytes: what every WebRTC implementation carries. */
export const MAX_MESSAGE_BYTES = 65_536;

export interface ChannelHandlers {
  /** All channels are open. Called once. */
  open(): void;
  message(bytes: Uint8Array, kind: MessageKind): void;
  /** Something arrived that is dropped: text, or more bytes than {@link MAX_MESSAGE_BYTES}. */
  dropped(why: 'notBinary' | 'tooLong'): void;
  /**
   * The other side ended the link in good order, and everything that it had sent on the control channel has come; or else (null) a channel
   * closed. Called once; nothing follows.
   */
  closed(goodbye: string | null): void;
}

/**
 * What a side says last: a text on the control channel, where all messages are bytes, so it comes after all of them. Merely closing
 * the channel is not enough: WebRTC then throws away what it has not begun to send.
 */
const GOODBYE = 'bye:';
/** The longest reason that is said or taken, in UTF-16 code units. */
const MAX_REASON = 256;

/** Stream numbers; part of what both sides must agree on. */
const IDS = { control: 0, R: 1, Z: 2 } as const;

/** The channels of one peer connection. To be created before anything is negotiated. */
export class ChannelSet {
  readonly #inputs: Readonly<Record<InputChannel, RtcDataChannel>>;
  /** Only the first connection of a link has one. */
  readonly #control: RtcDataChannel | null;
  readonly #on: ChannelHandlers;
  #unopened = 0;
  #done = false;

  constructor(connection: RtcPeerConnection, withControl: boolean, retransmits: number, on: ChannelHandlers) {
    this.#on = on;
    const input = (name: InputChannel, maxRetransmits: number): RtcDataChannel =>
      this.#wire(
        connection.createDataChannel(`input-${name}`, { negotiated: true, id: IDS[name], ordered: false, maxRetransmits }),
        'input',
      );
    this.#control = withControl
      ? this.#wire(connection.createDataChannel('control', { negotiated: true, id: IDS.control, ordered: true }), 'control')
      : null;
    this.#inputs = { R: input('R', retransmits), Z: input('Z', 0) };
  }

  /** Whether WebRTC still holds input packets that it was given. */
  get blocked(): boolean {
    return this.#inputs.R.bufferedAmount > 0 || this.#inputs.Z.bufferedAmount > 0;
  }

  /** Sends on an input channel. False if WebRTC would not take it. */
  sendInput(name: InputChannel, bytes: Uint8Array): boolean {
    return send(this.#inputs[name], bytes);
  }

  /** Sends on the control channel. False if there is none or WebRTC would not take it. */
  sendControl(bytes: Uint8Array): boolean {
    return this.#control !== null && send(this.#control, bytes);
  }

  /** Says goodbye after everything that was sent on the control channel. False if the other side cannot be told. */
  sayGoodbye(reason: string): boolean {
    return this.#control !== null && send(this.#control, GOODBYE + reason.slice(0, MAX_REASON));
  }

  /** Calls `finished` when the other side has answered a goodbye by closing. No other handler is called any more. */
  finish(finished: () => void): void {
    this.silence();
    const control = this.#control;
    if (control === null) return;
    control.onclose = finished;
    // It may be leaving too, and then waits for us.
    control.onmessage = ({ data }) => {
      if (goodbyeOf(data) !== null) finished();
    };
  }

  /** Calls no handler any more. */
  silence(): void {
    this.#done = true;
    for (const channel of [this.#control, this.#inputs.R, this.#inputs.Z]) {
      if (channel === null) continue;
      channel.onopen = null;
      channel.onmessage = null;
      channel.onclose = null;
    }
  }

  #wire(channel: RtcDataChannel, kind: MessageKind): RtcDataChannel {
    this.#unopened++;
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => {
      if (--this.#unopened === 0 && !this.#done) this.#on.open();
    };
    channel.onmessage = ({ data }) => {
      if (this.#done) return;
      const goodbye = kind === 'control' ? goodbyeOf(data) : null;
      if (goodbye !== null) this.#close(goodbye);
      else if (!(data instanceof ArrayBuffer)) this.#on.dropped('notBinary');
      else if (data.byteLength > MAX_MESSAGE_BYTES) this.#on.dropped('tooLong');
      else this.#on.message(new Uint8Array(data), kind);
    };
    channel.onclose = () => this.#close(null);
    return channel;
  }

  #close(goodbye: string | null): void {
    if (this.#done) return;
    this.silence();
    this.#on.closed(goodbye);
  }
}

function send(channel: RtcDataChannel, message: Uint8Array | string): boolean {
  try {
    if (typeof message === 'string') channel.send(message);
    // WebRTC takes no shared memory (threads, WebAssembly): copy it.
    else channel.send(isUnshared(message) ? message : new Uint8Array(message));
    return true;
  } catch {
    // It is not open, or its queue is full.
    return false;
  }
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

function goodbyeOf(data: unknown): string | null {
  return typeof data === 'string' && data.startsWith(GOODBYE) ? data.slice(GOODBYE.length, GOODBYE.length + MAX_REASON) : null;
}
