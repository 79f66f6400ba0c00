// rollwire/sim: matches on a simulated network, for tests and benchmarks.
export { VirtualClock } from './virtual-clock.js';
export { type Impairment } from './impairment.js';
export { Network, type PathCounters } from './network.js';
export { type Bot, randomButtons, recordedButtons } from './bots.js';
export { Recorder } from './recorder.js';
export { type Difference, Simulation, type SimulationOptions, SimPeer, type SimPeerOptions } from './simulation.js';
export { createRng, type Rng } from '../core/rng.js';
