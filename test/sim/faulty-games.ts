// A game that is in order, and one for each fault that a sync test finds.
import { expect } from 'vitest';
import type { Game, Step } from '../../src/core/game.js';

/** From this frame on, where that can be. */
export const FAULT_FRAME = 20;

const { random: capturedRandom } = Math;

export interface State {
  frame: number;
  players: { x: number; last: number }[];
  /** Of varying length. */
  shots: number[];
}

/** A game in order, whose parts can be replaced by ones that are not. */
export class Healthy implements Game<number, State> {
  state: State = {
    frame: 0,
    players: [
      { x: 0, last: 0 },
      { x: 10, last: 0 },
    ],
    shots: [],
  };

  advance(inputs: readonly number[], step: Step): void {
    expect(step.frame).toBe(this.state.frame);
    inputs.forEach((input, slot) => {
      const player = this.state.players[slot]!;
      player.x += input & 7;
      player.last = input;
      if (input & 8) this.state.shots.push(player.x);
    });
    if (this.state.shots.length > 3) this.state.shots.length = 0;
    this.state.frame++;
  }
  save(reuse?: State): State {
    return Object.assign(reuse ?? {}, structuredClone(this.state));
  }
  load(saved: State): void {
    this.state = structuredClone(saved);
  }
}

/** The games of which each has one fault, from frame 20 on where that can be. */
export const FAULTY = {
  random: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME) this.state.players[1]!.x += Math.random();
    }
  },
  clock: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME && new Date().getMinutes() !== 0) this.state.players[0]!.last = Date.now();
    }
  },
  timer: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME) this.state.shots[0] = performance.now() % 60_000;
    }
  },
  captured: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME) this.state.players[1]!.x += Math.floor(capturedRandom() * 1_000_000);
    }
  },
  edge: class extends Healthy {
    before = 0;
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME) this.state.players[0]!.x += this.before;
      this.before = inputs[1]!;
    }
  },
  counter: class extends Healthy {
    steps = 0;
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      this.steps++;
      if (step.frame >= FAULT_FRAME) this.state.players[0]!.x = this.steps;
    }
  },
  notLoaded: class extends Healthy {
    override load(saved: State): void {
      const { shots } = this.state;
      super.load(saved);
      if (saved.frame >= FAULT_FRAME) this.state.shots = shots;
    }
  },
  live: class extends Healthy {
    override save(): State {
      return this.state.frame >= FAULT_FRAME ? this.state : super.save();
    }
  },
  shallow: class extends Healthy {
    override save(): State {
      return { ...this.state, players: [...this.state.players], shots: [...this.state.shots] };
    }
  },
  /** What is shared changes only seven frames later. */
  lateShallow: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      const { shots } = this.state;
      super.advance(inputs, step);
      this.state.shots = shots;
      if (step.frame === FAULT_FRAME) this.state.shots[0] = 7;
    }
    override save(): State {
      return { ...super.save(), shots: this.state.shots };
    }
  },
  /** An old saved state is changed, of which none of the newer ones knows. */
  remembered: class extends Healthy {
    old: number[] = [];
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame === FAULT_FRAME) this.old.push(7);
    }
    override save(reuse?: State): State {
      const saved = super.save(reuse);
      if (saved.frame === FAULT_FRAME - 4) this.old = saved.shots;
      return saved;
    }
  },
  taken: class extends Healthy {
    override load(saved: State): void {
      if (saved.frame >= FAULT_FRAME) this.state = saved;
      else super.load(saved);
    }
  },
  reuse: class extends Healthy {
    override save(reuse?: State): State {
      const fresh = super.save();
      if (reuse === undefined || fresh.frame < FAULT_FRAME) return fresh;
      return Object.assign(reuse, { ...fresh, shots: reuse.shots });
    }
  },
  savesTwice: class extends Healthy {
    override save(): State {
      if (this.state.frame >= FAULT_FRAME) this.state.players[1]!.last++;
      return super.save();
    }
  },
  resimulating: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME && !step.resimulating) this.state.players[1]!.last = -1;
    }
  },
  status: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME && step.status[1] === 'predicted') this.state.players[1]!.last = -1;
    }
  },
  throws: class extends Healthy {
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame >= FAULT_FRAME) throw new RangeError('out of shots');
    }
  },
  /** What was computed once for a frame stays, also if the guess was wrong: rollbacks with the same inputs do not show it. */
  memo: class extends Healthy {
    readonly seen = new Map<number, number>();
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      if (step.frame < FAULT_FRAME) return;
      const sum = this.seen.get(step.frame) ?? inputs[1]!;
      this.seen.set(step.frame, sum);
      this.state.players[0]!.x += sum;
    }
  },
  /** What is unsaved only grows: after a rollback with the same inputs it is what it was. */
  record: class extends Healthy {
    best = 0;
    override advance(inputs: readonly number[], step: Step): void {
      super.advance(inputs, step);
      this.best = Math.max(this.best, (inputs[1]! >> 4) * (step.frame === FAULT_FRAME ? 1 : 0));
      if (step.frame > FAULT_FRAME + 9) this.state.players[0]!.x = this.best;
    }
  },
};
