// One peer connection of a link with its channels: carries out what the negotiation machine asks for and reports what happens.
// The only place where promises of WebRTC are waited for.
import type { Clock, Off } from '../core/clock.js';
import type { NegotiationEnd, RtcCommand } from '../negotiation/commands.js';
import { Negotiation } from '../negotiation/negotiation.js';
import type { LinkProgress } from '../negotiation/stages.js';
import type { Signal } from '../negotiation/signal.js';
import { ChannelSet } from './channels.js';
import type { MessageKind } from './channels.js';
import type { RtcConfiguration, RtcConstructor, RtcIceCandidate, RtcPeerConnection } from './rtc.js';

/** Why an association ended without being told to. */
export type AssociationEnd =
  | NegotiationEnd
  /** ICE or DTLS gave up. */
  | { readonly why: 'connection-failed' }
  /** The other side closed the link. */
  | { readonly why: 'goodbye'; readonly reason: string }
  /** A channel closed without a goodbye, or the connection as a whole. */
  | { readonly why: 'closed' }
  /** The connection or its channels could not be created. */
  | { readonly why: 'not-created'; readonly cause: string };

export interface AssociationHandlers {
  signal(signal: Signal): void;
  progress(progress: LinkProgress): void;
  open(): void;
  message(bytes: Uint8Array, kind: MessageKind): void;
  /** Something arrived that is dropped. */
  dropped(why: 'notBinary' | 'tooLong' | 'foreignChannel'): void;
  /** Called once; nothing follows. */
  ended(end: AssociationEnd): void;
}

export interface AssociationOptions {
  readonly rtc: RtcConstructor;
  readonly configuration: RtcConfiguration;
  readonly negotiation: Negotiation;
  readonly clock: Clock;
  /** The first association of a link carries the control channel. */
  readonly withControl: boolean;
  readonly retransmits: number;
  readonly on: AssociationHandlers;
}

/** How long a close waits for the last reliable messages to arrive, in ms: some timeouts of SCTP, and no wait that a person minds. */
const FINISH_MS = 2000;
/** ms between two goodbyes: when later messages come, SCTP sends what was lost before them at once, and not after its timeout. */
const GOODBYE_MS = 50;

export class Association {
  readonly #options: AssociationOptions;
  readonly #negotiation: Negotiation;
  #connection: RtcPeerConnection | null = null;
  #channels: ChannelSet | null = null;
  #over = false;

  constructor(options: AssociationOptions) {
    this.#options = options;
    this.#negotiation = options.negotiation;
  }

  /** The channels; null before `start` and after the end. */
  get channels(): ChannelSet | null {
    return this.#channels;
  }

  /** Creates the connection and begins to negotiate. */
  start(): void {
    const { rtc, configuration, withControl, retransmits, on, clock } = this.#options;
    try {
      const connection = new rtc(configuration);
      this.#connection = connection;
      this.#listen(connection);
      this.#channels = new ChannelSet(connection, withControl, retransmits, {
        open: () => {
          this.#reached('channels', 'all channels are open');
          if (!this.#over) on.open();
        },
        message: on.message,
        dropped: on.dropped,
        closed: (goodbye) => this.#end(goodbye === null ? { why: 'closed' } : { why: 'goodbye', reason: goodbye }),
      });
    } catch (error) {
      this.#end({ why: 'not-created', cause: causeOf(error) });
      return;
    }
    this.#negotiation.start(clock.now());
    this.#pump();
  }

  /** A signal for this connection arrived. */
  signal(signal: Signal): void {
    this.#negotiation.signal(signal);
    this.#pump();
  }

  /** Closes at once. Nothing is called any more. */
  close(): void {
    this.#over = true;
    this.#channels?.silence();
    this.#channels = null;
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    connection.onicecandidate = null;
    connection.onconnectionstatechange = null;
    connection.oniceconnectionstatechange = null;
    connection.ondatachannel = null;
    connection.close();
  }

  /** Closes once the other side has what was sent reliably, but within {@link FINISH_MS}. Nothing is called any more. */
  finish(reason: string): void {
    const { clock } = this.#options;
    this.#over = true;
    const channels = this.#channels;
    if (channels === null) return this.close();
    let stopRepeating: Off = () => {};
    let finished = false;
    const close = (): void => {
      finished = true;
      stopRepeating();
      giveUp();
      this.close();
    };
    const giveUp = clock.after(FINISH_MS, close);
    const sayGoodbye = (): void => {
      if (!channels.sayGoodbye(reason)) close();
      else if (!finished) stopRepeating = clock.after(GOODBYE_MS, sayGoodbye);
    };
    channels.finish(close);
    sayGoodbye();
  }

  #listen(connection: RtcPeerConnection): void {
    const { clock, on } = this.#options;
    connection.onicecandidate = ({ candidate }) => {
      if (this.#over) return;
      this.#negotiation.localCandidate(clock.now(), candidate === null ? null : plainCandidate(candidate));
      this.#pump();
    };
    connection.oniceconnectionstatechange = () => this.#iceChanged(connection);
    connection.onconnectionstatechange = () => this.#connectionChanged(connection);
    connection.ondatachannel = ({ channel }) => {
      if (this.#over) return;
      channel.close();
      on.dropped('foreignChannel');
    };
  }

  // Each state is read only where it may have changed: in wrtc reading one waits for another thread, which is busy connecting.
  #iceChanged(connection: RtcPeerConnection): void {
    if (this.#over) return;
    const state = connection.iceConnectionState;
    if (state === 'connected' || state === 'completed') this.#reached('pairs', 'a pair of addresses answered');
  }

  #connectionChanged(connection: RtcPeerConnection): void {
    if (this.#over) return;
    const state = connection.connectionState;
    if (state === 'connected') this.#reached('dtls', 'the encrypted transport is up');
    else if (state === 'failed') this.#end({ why: 'connection-failed' });
    else if (state === 'closed') this.#end({ why: 'closed' });
  }

  #reached(stage: 'pairs' | 'dtls' | 'channels', text: string): void {
    this.#negotiation.reached(this.#options.clock.now(), stage, text);
    this.#pump();
  }

  /** A handler may bring the next signal while it is called: the machine has its queues in order at every step. */
  #pump(): void {
    while (!this.#over && this.#step());
  }

  #step(): boolean {
    const { on, clock } = this.#options;
    const progress = this.#negotiation.progress();
    if (progress !== undefined) {
      on.progress(progress);
      return true;
    }
    const command = this.#negotiation.next(clock.now());
    if (command === undefined) return false;
    if (command.kind === 'send') on.signal(command.signal);
    else if (command.kind === 'end') this.#end(command.end);
    else if (this.#connection !== null) this.#carryOut(this.#connection, command);
    return true;
  }

  #carryOut(connection: RtcPeerConnection, command: RtcCommand): void {
    perform(connection, command).then(
      (sdp) => {
        if (this.#over) return;
        this.#negotiation.succeeded(this.#options.clock.now(), sdp);
        this.#pump();
      },
      (error: unknown) => {
        if (this.#over) return;
        this.#negotiation.failed(causeOf(error));
        this.#pump();
      },
    );
  }

  #end(end: AssociationEnd): void {
    if (this.#over) return;
    this.close();
    this.#options.on.ended(end);
  }
}

/** One call to WebRTC. What it throws becomes a rejection. */
async function perform(connection: RtcPeerConnection, command: RtcCommand): Promise<string> {
  switch (command.kind) {
    case 'createOffer':
      return sdpOf(await connection.createOffer());
    case 'createAnswer':
      return sdpOf(await connection.createAnswer());
    case 'setLocalDescription':
      await connection.setLocalDescription({ type: command.type, sdp: command.sdp });
      return '';
    case 'setRemoteDescription':
      await connection.setRemoteDescription({ type: command.type, sdp: command.sdp });
      return '';
    case 'addIceCandidate':
      await connection.addIceCandidate(command.candidate);
      return '';
  }
}

function sdpOf(description: { readonly sdp?: string }): string {
  if (description.sdp === undefined || description.sdp === '') throw new Error('it made an empty description');
  return description.sdp;
}

/** Signals are plain values; an RTCIceCandidate is not. */
function plainCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: RtcIceCandidate) {
  return { candidate, sdpMid, sdpMLineIndex, ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}) };
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
