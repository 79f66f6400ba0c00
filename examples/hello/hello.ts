// Two players walk left and right, over real DataChannels and a bad network, in one process.
// In a browser game only the three options of `...place` change: signaling: webSocketSignaling('wss://…'), room: 'my-room'.
import { defineInput, type Game, joinMatch } from 'rollwire';
import { loopback } from 'rollwire/node';

const input = defineInput({ left: 'bool', right: 'bool' });
type Pad = typeof input.neutral;

class Walk implements Game<Pad, number[]> {
  x = [100, 200];
  advance(pads: readonly Pad[]) {
    pads.forEach((pad, player) => (this.x[player]! += Number(pad.right) - Number(pad.left)));
  }
  save() {
    return [...this.x];
  }
  load(saved: number[]) {
    this.x = [...saved];
  }
}

const net = await loopback({ peers: 2, impair: { delayMs: 40, jitterMs: 10, loss: 0.05 } });
await Promise.all(
  net.peers.map(async (place) => {
    const match = await joinMatch({ ...place, game: new Walk(), input, gameId: 'walk@1', players: 2 });
    await new Promise<void>((done) => {
      match.run({
        sample: () => ({ left: false, right: Math.random() < 0.5 }),
        draw: () => match.settledFrame >= 300 && done(),
      });
    });
    const { rollbacks, checksPassed } = match.stats();
    console.log(`${match.self}: ${match.confirmedFrame} frames, ${rollbacks} rollbacks, equal in all ${checksPassed} checks`);
    match.close();
  }),
);
net.close();
