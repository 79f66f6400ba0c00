// The same game with two bugs that everybody plants sooner or later. On one machine, without rollback, both play perfectly.
import { type Pad, StarCatch } from './game.js';

/** Sparks fly where a star comes down, and push the players: but Math.random is another on each machine, and after each rollback. */
export class RandomSparks extends StarCatch {
  override land(x: number): void {
    super.land(x);
    for (const player of this.state.players) player.x += Math.random() * 4 - 2;
  }
}

/** Pressing both directions turns a player round; the new field is not in the state, so that a rollback does not take it back. */
export class ForgottenField extends StarCatch {
  readonly turned = [false, false];

  override advance(pads: readonly Pad[]): void {
    super.advance(
      pads.map((pad, i) => {
        if (pad.left && pad.right) this.turned[i] = !this.turned[i]!;
        return this.turned[i]! ? { left: pad.right, right: pad.left } : pad;
      }),
    );
  }
}
