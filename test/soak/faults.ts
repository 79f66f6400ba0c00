// Faults of one place each that are planted into the engine, to prove that the oracle sees them: exact texts and what replaces them.
// Only faults that change what the engine does are of use; what merely wastes time, or chooses otherwise where both is right, is none.

export interface Fault {
  readonly name: string;
  /** Under src/. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a ring of inputs too short for the delay',
    file: 'core/sync-layer.ts',
    from: 'const needed = 3 * window + 3 * maxInputDelay + 8;',
    to: 'const needed = 3 * window + 8 + 0 * maxInputDelay;',
  },
  {
    name: 'a saved state handed back one frame too early',
    file: 'core/sync-layer.ts',
    from: 'this.#saved.latest(this.final + 1))',
    to: 'this.#saved.latest(this.final + 2))',
  },
  {
    name: 'the wrong saved state handed back to be filled',
    file: 'core/saved-states.ts',
    from: 'return this.#states[this.#filling];',
    to: 'return this.#states[(this.#filling + 1) % this.#states.length];',
  },
  {
    name: 'a saved state of a check frame filled before it was checked',
    file: 'core/saved-states.ts',
    from: '< oldest && !this.#pinned[i]!)',
    to: '< oldest)',
  },
  {
    name: 'a prediction kept after a late input for the newest frame',
    file: 'core/sync-layer.ts',
    from: 'if (frame < this.#goodUntil && !queue.usedRight(frame))',
    to: 'if (frame < this.#goodUntil - 1 && !queue.usedRight(frame))',
  },
  {
    name: 'the latest wrong frame instead of the first',
    file: 'core/sync-layer.ts',
    from: 'else if (frame < this.#firstWrong) this.#firstWrong = frame;',
    to: 'else this.#firstWrong = frame;',
  },
  {
    name: 'usedRight ignores the second word',
    file: 'core/input-queue.ts',
    from: 'for (let i = 0; i < this.#words; i++) if (this.#used[base + i]',
    to: 'for (let i = 0; i < 1; i++) if (this.#used[base + i]',
  },
  {
    name: 'usedRight always sees a difference',
    file: 'core/input-queue.ts',
    from: 'if (this.#used[base + i] !== this.#real[base + i]) return false;',
    to: 'return false;',
  },
  {
    name: 'the window one frame too small',
    file: 'core/sync-layer.ts',
    from: 'return this.#sim - this.confirmed <= this.#window;',
    to: 'return this.#sim - this.confirmed < this.#window;',
  },
  {
    name: 'the window one frame too large',
    file: 'core/sync-layer.ts',
    from: 'return this.#sim - this.confirmed <= this.#window;',
    to: 'return this.#sim - this.confirmed <= this.#window + 1;',
  },
  {
    name: 'a slot cut one frame too early',
    file: 'core/input-queue.ts',
    from: 'return frame > this.#cut;',
    to: 'return frame >= this.#cut;',
  },
  {
    name: 'a slot that was cut still waited for',
    file: 'core/input-queue.ts',
    from: 'return this.#held >= this.#cut ? NEVER : this.#held;',
    to: 'return this.#held > this.#cut ? NEVER : this.#held;',
  },
  {
    name: 'frames after a cut not corrected',
    file: 'core/sync-layer.ts',
    from: 'if (last + 1 < this.#goodUntil) this.#wrong(last + 1);',
    to: 'if (last + 2 < this.#goodUntil) this.#wrong(last + 2);',
  },
  {
    name: 'a frame final while it waits to be corrected',
    file: 'core/sync-layer.ts',
    from: 'return Math.min(this.confirmed, this.#goodUntil - 1, this.#firstWrong - 1);',
    to: 'return Math.min(this.confirmed, this.#goodUntil - 1);',
  },
  {
    name: 'the state before the first unconfirmed frame not saved',
    file: 'core/sync-layer.ts',
    from: 'frame > this.confirmed + 1 - this.#saveEvery',
    to: 'frame > this.confirmed + 2 - this.#saveEvery',
  },
  {
    name: 'a checksum of a state that is still to be corrected',
    file: 'core/sync-layer.ts',
    from: 'return frame - 1 <= this.final && this.#saved.has(frame);',
    to: 'return frame <= this.#sim && this.#saved.has(frame);',
  },
  {
    name: 'an input taken again as a new one',
    file: 'session/p2p.ts',
    from: 'for (let frame = held + 1; frame < first + count; frame++) {',
    to: 'for (let frame = Math.max(first, held); frame < first + count; frame++) {',
  },
  {
    name: 'the input of the first slot for all slots of a peer',
    file: 'session/p2p.ts',
    from: 'words, base + i * width)',
    to: 'words, base + 0 * width)',
  },
  {
    name: 'frames simulated while stalled',
    file: 'session/p2p.ts',
    from: "if (stalled || hold) return 'stalled';",
    to: "if (hold) return 'stalled';",
  },
  {
    name: 'nothing sent while stalled',
    file: 'session/p2p.ts',
    from: 'this.#outbox.queueInputs(this.#others);',
    to: 'if (this.#sync.mayAdvance) this.#outbox.queueInputs(this.#others);',
  },
  {
    name: 'an epoch ignored',
    file: 'session/p2p.ts',
    from: "if (packet.epoch !== this.#kickoff!.epoch) return 'other epoch';\n    if (endpoint.receipt",
    to: 'if (endpoint.receipt',
  },
  {
    name: 'the last three inputs alone sent again',
    file: 'session/outbox.ts',
    from: 'packet.first = endpoint.acked + 1;\n    packet.count = this.lastFrame - endpoint.acked;',
    to: 'packet.first = Math.max(endpoint.acked + 1, this.lastFrame - 2);\n    packet.count = this.lastFrame + 1 - packet.first;',
  },
  {
    name: 'inputs sent again only when there is no progress',
    file: 'session/outbox.ts',
    from: 'packet.first = endpoint.acked + 1;\n    packet.count = this.lastFrame - endpoint.acked;',
    to: 'packet.first = this.lastFrame - endpoint.acked > 12 ? endpoint.acked + 1 : this.lastFrame;\n    packet.count = this.lastFrame + 1 - packet.first;',
  },
  {
    name: 'an input overwritten by the next one',
    file: 'core/input-queue.ts',
    from: 'const frame = ++this.#held;',
    to: 'const frame = this.#held % 97 === 96 ? this.#held++ : ++this.#held;',
  },
  {
    name: 'a receipt ahead of what is held',
    file: 'session/outbox.ts',
    from: 'packet.received[i] = this.#sync.queue(this.#others[i]!).held;',
    to: 'packet.received[i] = this.#sync.queue(this.#others[i]!).held + 1;',
  },
  {
    name: 'the newest input of any local slot sent for all',
    file: 'session/outbox.ts',
    from: 'last = Math.min(last, this.#sync.queue(slot).held);',
    to: 'last = Math.max(last === NEVER ? 0 : last, this.#sync.queue(slot).held);',
  },
  {
    name: 'a leave without inputs',
    file: 'session/outbox.ts',
    from: 'const count = Math.min(this.lastFrame - endpoint.acked, MAX_FRAMES_A_PACKET);',
    to: 'const count = Math.min(0, MAX_FRAMES_A_PACKET);',
  },
  {
    name: 'a peer that has left still served',
    file: 'session/p2p.ts',
    from: 'this.#endpoints.delete(peer);',
    to: '',
  },
  {
    name: 'a return not noticed',
    file: 'session/p2p.ts',
    from: 'if (this.#handshake.isNewSession(from, packet)) return',
    to: 'if (this.#handshake.isNewSession(from, packet) && this.#others.length > 1) return',
  },
  {
    name: 'an acceptance that is not sent',
    file: 'session/handshake.ts',
    from: "send(proposal.roster[0]!, { ...proposal, step: 'accept' });",
    to: '',
  },
  {
    name: 'saved states not given back at the end',
    file: 'session/p2p.ts',
    from: "if (this.#state === 'ended') return this.#sync.free();",
    to: "if (this.#state === 'ended') return undefined;",
  },
  {
    name: 'half the time waited for a silent peer',
    file: 'session/p2p.ts',
    from: 'if (silentMs >= this.#settings.waitMs) {',
    to: 'if (silentMs >= this.#settings.waitMs / 2) {',
  },
  {
    name: 'a silent peer waited for for ever',
    file: 'session/p2p.ts',
    from: 'if (silentMs >= this.#settings.waitMs) {',
    to: 'if (silentMs >= 1e9) {',
  },
  {
    name: 'an interruption told again and again',
    file: 'session/endpoint.ts',
    from: 'if (this.#interrupted || this.silentMs(now) < DEFAULTS.interruptedMs) return false;',
    to: 'if (this.silentMs(now) < DEFAULTS.interruptedMs) return false;',
  },
  {
    name: 'an interruption that does not end',
    file: 'session/endpoint.ts',
    from: 'const was = this.#interrupted;\n    this.#interrupted = false;',
    to: 'const was = this.#interrupted;',
  },
  {
    name: 'the hold ignored',
    file: 'session/endpoint.ts',
    from: 'now - this.#sentAt[index]! - packet.hold);',
    to: 'now - this.#sentAt[index]!);',
  },
  {
    name: 'the echo of another packet',
    file: 'session/endpoint.ts',
    from: 'packet.echo = this.#lastNumber < 0 ? -1 : this.#lastNumber % NUMBER_RANGE;',
    to: 'packet.echo = this.#lastNumber < 1 ? -1 : (this.#lastNumber - 1) % NUMBER_RANGE;',
  },
  {
    name: 'time sync the wrong way round',
    file: 'core/time-sync.ts',
    from: '(ours - theirs) / 2',
    to: '(theirs - ours) / 2',
  },
  {
    name: 'a speed without bounds',
    file: 'core/time-sync.ts',
    from: 'Math.max(-MAX_SPEED_CHANGE, Math.min(MAX_SPEED_CHANGE, offset / fps))',
    to: 'offset / fps',
  },
  {
    name: 'a press lost when the delay is lowered',
    file: 'session/local-inputs.ts',
    from: 'skipped !== undefined && merge !== undefined ? merge(skipped.input, input) : input',
    to: 'input',
  },
  {
    name: 'frames without an input when the delay is raised',
    file: 'session/local-inputs.ts',
    from: 'else queue.read(queue.held, this.#before);',
    to: 'else this.#before.fill(0);',
  },
  {
    name: 'a delay one frame longer than asked for',
    file: 'session/local-inputs.ts',
    from: 'this.#repeat(slot, delay - 1);',
    to: 'this.#repeat(slot, delay);',
  },
  {
    name: 'inputs beyond the delay refused',
    file: 'core/sync-layer.ts',
    from: 'return window + 2 * maxInputDelay + 2;',
    to: 'return window + 2 + 0 * maxInputDelay;',
  },
  {
    name: 'checks compared with those of earlier frames',
    file: 'session/checks.ts',
    from: 'check.frame === remote.frame',
    to: 'check.frame <= remote.frame',
  },
  {
    name: 'the inputs of the first slot alone compared',
    file: 'session/checks.ts',
    from: 'for (let slot = 0; slot < slots; slot++) {',
    to: 'for (let slot = 0; slot < Math.min(1, slots); slot++) {',
  },
  {
    name: 'checks never compared',
    file: 'session/checks.ts',
    from: 'checks.push(check);',
    to: 'if (check.frame < 0) checks.push(check);',
  },
  {
    name: 'input packets larger than one datagram',
    file: 'wire/input-packet.ts',
    from: '* BYTES_A_RUN > MAX_INPUT_BYTES && count > 1',
    to: '* BYTES_A_RUN > 4 * MAX_INPUT_BYTES && count > 1',
  },
  {
    name: 'a run one frame too short',
    file: 'wire/runs.ts',
    from: 'while (frame < end && word(frame, column) === value) frame++;',
    to: 'while (frame < end && (word(frame, column) & 0xff) === (value & 0xff)) frame++;',
  },
];
