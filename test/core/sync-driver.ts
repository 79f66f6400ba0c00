// Drives a sync layer by hand: one game whose state is the list of all inputs that it was advanced with.
import { InputQueue } from '../../src/core/input-queue.js';
import type { Frame, InputStatus, Slot } from '../../src/core/frame.js';
import { repeatLast } from '../../src/core/predictor.js';
import { SyncLayer, type SyncLayerOptions } from '../../src/core/sync-layer.js';
import { buttons } from '../games.js';

export interface Advanced {
  readonly frame: Frame;
  readonly inputs: readonly number[];
  readonly status: readonly InputStatus[];
  readonly resimulating: boolean;
}

export class SyncDriver {
  readonly sync: SyncLayer<number, readonly string[]>;
  /** The game's state: one entry a frame. */
  state: readonly string[] = [];
  /** What the game was made to do since it was last asked: "load 3", "save 4", "4" (advance) or "4!" (advance again). */
  #done: string[] = [];
  advanced: Advanced[] = [];

  constructor(options: Partial<SyncLayerOptions<number>> = {}) {
    this.sync = new SyncLayer({
      codec: buttons,
      slots: 2,
      window: 8,
      predict: repeatLast,
      saveEvery: 1,
      checkInterval: 1000,
      maxInputDelay: 2,
      ...options,
    });
  }

  give(slot: Slot, ...inputs: readonly number[]): this {
    for (const input of inputs) this.sync.append(slot, [input], 0);
    return this;
  }

  /** Grants a frame if the window allows it, then carries out everything. @returns whether it was granted. */
  tick(): boolean {
    const granted = this.sync.mayAdvance;
    if (granted) this.sync.grant();
    while (this.step());
    return granted;
  }

  /** Carries out one operation. @returns false if there was none. */
  step(): boolean {
    const op = this.sync.op();
    if (op === undefined) return false;
    if (op.kind === 'load') {
      this.state = op.state;
      this.#done.push(`load ${this.state.length}`);
    } else if (op.kind === 'save') {
      op.keep(this.state);
      this.#done.push(`save ${this.state.length}`);
    } else if (op.kind === 'advance') {
      const { frame, status, resimulating } = op.step;
      if (frame !== this.state.length) throw new Error(`advance of frame ${frame} on state ${this.state.length}`);
      this.state = [...this.state, op.inputs.map((input, slot) => (status[slot] === 'absent' ? '-' : String(input))).join(' ')];
      this.advanced.push({ frame, inputs: [...op.inputs], status: [...status], resimulating });
      this.#done.push(resimulating ? `${frame}!` : String(frame));
    }
    return true;
  }

  /** What was done since this was last asked. */
  done(): string {
    return this.#done.splice(0).join(', ');
  }

  last(): Advanced {
    return this.advanced.at(-1)!;
  }
}

export function queueOf(words: number, capacity: number, ...inputs: readonly (readonly number[])[]): InputQueue {
  const queue = new InputQueue(words, capacity);
  for (const input of inputs) queue.append(input, 0);
  return queue;
}
