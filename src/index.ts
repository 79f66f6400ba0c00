// rollwire: the public API. Explicit names, by noun.

// Matches
export { joinMatch } from './match/join.js';
export { type Match, type MatchEvents, type MatchStats, type SlotInfo } from './match/match.js';
export { type MatchOptions, type Progress } from './match/options.js';
export { type LoopHandlers } from './match/loop.js';
export { displayTicker, timerTicker, type Ticker } from './match/ticker.js';

// Games and inputs
export { type Game, type MaybePromise, type Op, type Step } from './core/game.js';
export { type DelayBounds } from './core/auto-delay.js';
export { defineInput, type Field, type InputCodec, type InputOf } from './core/input-codec.js';
export { type Predictor, predictNeutral, repeatLast } from './core/predictor.js';
export { type Frame, type InputStatus, type Slot } from './core/frame.js';
export { hashBytes, hashState } from './core/checksum.js';
export { createRng, type Rng, type RngState } from './core/rng.js';

// Errors
export { type ErrorCode, NetError, type Stage } from './core/errors.js';

// One level down: a session over one's own transport
export { Session, type SessionState } from './session/p2p.js';
export { type PlayOptions, type SessionOptions, type Trace } from './session/options.js';
export { type Desync, type SessionEvent, type SessionEvents } from './session/events.js';
export { type PeerStats, type SessionStats } from './session/stats.js';
export { type Transmit } from './session/outbox.js';
export { perform, type OpSource } from './match/perform.js';

// One level down: a link without a session
export { PeerLink } from './link/peer-link.js';
export { type InputInfo, type PeerLinkHandlers, type PeerLinkOptions } from './link/link-options.js';
export { type LinkStats } from './link/link-stats.js';
export { type ChannelPolicy } from './link/send-policy.js';
export { type RtcConstructor } from './link/rtc.js';

// Signaling
export { type Signaling, type SignalingHandlers, type SignalingRoom } from './signaling/interface.js';
export { type Candidate, type IceServer, type Signal } from './negotiation/signal.js';
export { type PeerId } from './core/peer.js';
export { type Clock, type Off } from './core/clock.js';
