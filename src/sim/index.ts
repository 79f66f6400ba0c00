// rollwire/sim: games under test, and matches on a simulated network, for tests and benchmarks.
export { type Task, VirtualClock } from './virtual-clock.js';
export { type Impairment } from './impairment.js';
export { type ExtraDelay, type RandomFreezes, type RateLimit, type Spans } from './bottleneck.js';
export { type DelayQuantiles } from './quantiles.js';
export { type ProfileName, profiles } from './profiles.js';
export { Network, type PathCounters, type Receive } from './network.js';
export { type Bot, randomButtons, recordedButtons } from './bots.js';
export { Recorder } from './recorder.js';
export { type Difference, Simulation, type SimulationOptions } from './simulation.js';
export { type Circumstances, SimPeer, type SimPeerOptions } from './sim-peer.js';
export type { ClockError } from './skewed-clock.js';
export type { Watcher } from './watcher.js';
export { Oracle, type OracleOptions, type OraclePeer, type Plant } from './oracle.js';
export type { Labelled } from './watched-game.js';
export type { Failure, FailureKind } from './failure.js';
export type { Schedule, ScheduledBot, ScheduledPeer } from './schedule.js';
export { scheduleFrom } from './generator.js';
export { type Outcome, playSchedule } from './play-schedule.js';
export { shrink, type Shrunk } from './shrink.js';
export { syncTest, type SyncTestFailure, type SyncTestOptions, type SyncTestPass, type SyncTestResult } from './sync-test.js';
export { type SyncFault } from './sync-fault.js';
export {
  simulate,
  type SimulateFailure,
  type SimulateOptions,
  type SimulatePass,
  type SimulateResult,
  type SimulateStats,
} from './simulate.js';
export { type SimulateCause } from './simulate-failure.js';
export { randomInputs } from './random-inputs.js';
export { createRng, type Rng, type RngState } from '../core/rng.js';

// Real links and joins on the virtual clock
export { passTime } from './pass-time.js';
export { RtcWorld, type RtcWorldCounters, type RtcWorldOptions } from './rtc-world.js';
export { ScopedClock } from './scoped-clock.js';
export { type SignalingCounters, type VirtualAdapter, VirtualSignaling, type VirtualSignalingOptions } from './virtual-signaling.js';
