// rollwire/node: what Node needs: WebRTC, a network that can be made bad, and peers in one process.
export { RTCPeerConnection } from './wrtc.js';
export { loopback, type Loopback, type LoopbackOptions, type LoopbackPeer } from './loopback.js';
export { startRelay, type Relay, type RelayOptions } from './relay.js';
export { type DirectionCounters, type RelayImpairment, type RelayLateness, type RelayStats, type UdpAddress } from './relay-core.js';
export { relayedSignaling, type RelayedSignaling, type WithheldCounters } from './relayed-signaling.js';
export { type Impairment } from '../sim/impairment.js';
