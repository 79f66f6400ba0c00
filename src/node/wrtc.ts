// The one file that imports `@roamhq/wrtc`: its RTCPeerConnection, kept from leaking.
// Each time that the last connection of a process is closed, the library leaves 4 threads and 8 file descriptors behind until a garbage
// collection; connecting again and again piles them up. One idle connection prevents it. The trade-off: an open connection keeps
// Node alive, so the idle one is closed a moment after the last real one, and the process ends that much later.
import wrtc from '@roamhq/wrtc';
import type { RtcConfiguration, RtcConstructor } from '../link/rtc.js';

/**
 * How long the idle connection stays without a real one, in ms: longer than the gap between one match and the next in a test run, and
 * a wait at the end that nobody minds. A process that connects now and then for days should hold one connection open of its own.
 */
const LINGER_MS = 300;

const Native: RtcConstructor = wrtc.RTCPeerConnection;

/** Counts the connections of the process and keeps the idle one. The library's threads belong to the process, so this does too. */
class IdleConnection {
  static #open = 0;
  static #idle: InstanceType<RtcConstructor> | null = null;
  static #timer: ReturnType<typeof setTimeout> | undefined;

  static opened(): void {
    clearTimeout(this.#timer);
    this.#open++;
    this.#idle ??= new Native();
  }

  static closed(): void {
    if (--this.#open > 0) return;
    this.#timer = setTimeout(() => {
      this.#idle?.close();
      this.#idle = null;
    }, LINGER_MS);
  }
}

/** `RTCPeerConnection` for Node. Node ends by itself once every connection is closed. */
export const RTCPeerConnection: RtcConstructor = class extends Native {
  #closed = false;

  constructor(configuration?: RtcConfiguration) {
    super(configuration);
    IdleConnection.opened();
  }

  override close(): void {
    super.close();
    if (this.#closed) return;
    this.#closed = true;
    IdleConnection.closed();
  }
};
