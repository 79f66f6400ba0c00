// A DataChannel of the double, as far as links use one, with the states and refusals of browsers.
import type { RtcChannelOptions, RtcDataChannel } from '../link/rtc.js';
import { MAX_MESSAGE_SIZE } from './rtc-description.js';
import type { MessageContent } from './rtc-packets.js';

/** What a channel needs of its connection. */
export interface ChannelTransport {
  send(channel: SimDataChannel, content: string | Uint8Array<ArrayBuffer>, bytes: number): void;
  buffered(channel: SimDataChannel): number;
  /** The application closes it. */
  close(channel: SimDataChannel): void;
}

/** Chromium's and wrtc's limit of what may wait, in bytes. */
const MAX_BUFFERED = 16 * 1024 * 1024;

export class SimDataChannel implements RtcDataChannel {
  readonly label: string;
  readonly ordered: boolean;
  /** Infinity: reliable. */
  readonly maxRetransmits: number;
  readonly negotiated: boolean;
  /** The stream; undefined until the connection has given one. */
  id: number | undefined;
  binaryType: RtcDataChannel['binaryType'] = 'arraybuffer';
  onopen: RtcDataChannel['onopen'] = null;
  onclose: RtcDataChannel['onclose'] = null;
  onmessage: RtcDataChannel['onmessage'] = null;
  readonly #transport: ChannelTransport;
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';

  /** Made by `createDataChannel`. */
  constructor(transport: ChannelTransport, label: string, options: RtcChannelOptions) {
    this.#transport = transport;
    this.label = label;
    this.ordered = options.ordered ?? true;
    this.maxRetransmits = options.maxRetransmits ?? Infinity;
    this.negotiated = options.negotiated ?? false;
    this.id = options.id;
  }

  get readyState(): 'connecting' | 'open' | 'closing' | 'closed' {
    return this.#state;
  }

  /** Bytes that were not sent for the first time yet. */
  get bufferedAmount(): number {
    return this.#transport.buffered(this);
  }

  /** @throws `InvalidStateError` unless it is open, `TypeError` for more than 262 144 bytes, `OperationError` if too much is waiting. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#state !== 'open') throw new DOMException(`the channel is ${this.#state}`, 'InvalidStateError');
    const content = typeof data === 'string' ? data : new Uint8Array(data);
    const bytes = typeof content === 'string' ? utf8Length(content) : content.length;
    if (bytes > MAX_MESSAGE_SIZE) throw new TypeError(`a message has at most ${MAX_MESSAGE_SIZE} bytes, not ${bytes}`);
    if (this.bufferedAmount + bytes > MAX_BUFFERED) throw new DOMException('the queue is full', 'OperationError');
    this.#transport.send(this, content, bytes);
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#state = 'closing';
    this.#transport.close(this);
  }

  /** @internal */
  opened(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.onopen?.({ type: 'open' });
  }

  /** @internal What has arrived is told, also while it is closing. */
  received(content: MessageContent): void {
    if (this.#state === 'closed' || this.#state === 'connecting') return;
    const data = content instanceof Uint8Array ? this.#binary(content) : content;
    this.onmessage?.({ data });
  }

  /** @internal @param told Whether there is an event. */
  ended(told: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (told) this.onclose?.({ type: 'close' });
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer | Blob {
    return this.binaryType === 'arraybuffer' ? bytes.slice().buffer : new Blob([bytes]);
  }
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
