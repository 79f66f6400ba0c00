// Two players catch falling stars; catching several in a row without missing one counts more and more. The whole state is one plain object.
import { defineInput, type Game } from 'rollwire';

export const input = defineInput({ left: 'bool', right: 'bool' });
export type Pad = typeof input.neutral;

export interface State {
  random: number;
  players: { x: number; score: number; streak: number }[];
  stars: { x: number; y: number }[];
}

const WIDTH = 320;
const HEIGHT = 200;
const REACH = 24;

export class StarCatch implements Game<Pad, State> {
  state: State = {
    random: 1,
    players: [
      { x: 80, score: 0, streak: 0 },
      { x: 240, score: 0, streak: 0 },
    ],
    stars: [],
  };

  advance(pads: readonly Pad[]): void {
    const { players, stars } = this.state;
    pads.forEach((pad, i) => {
      const player = players[i]!;
      player.x = Math.max(0, Math.min(WIDTH, player.x + 4 * (Number(pad.right) - Number(pad.left))));
    });
    if (this.random() < 0.1) stars.push({ x: Math.floor(this.random() * WIDTH), y: 0 });
    for (const star of stars) star.y += 3;
    for (const star of stars.filter(({ y }) => y >= HEIGHT)) this.land(star.x);
    this.state.stars = stars.filter(({ y }) => y < HEIGHT);
  }

  /** A star has come down: whoever stands there catches it, all others have missed it. */
  land(x: number): void {
    for (const player of this.state.players) {
      player.streak = Math.abs(player.x - x) < REACH ? player.streak + 1 : 0;
      player.score += player.streak;
    }
  }

  /** The game's own random numbers: they are part of the state, so that a rollback takes them back too. */
  random(): number {
    this.state.random = (Math.imul(this.state.random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state.random / 4_294_967_296;
  }

  save(): State {
    return structuredClone(this.state);
  }

  load(saved: State): void {
    this.state = structuredClone(saved);
  }
}
