// One peer process of `rollwire play`: joins the match as any application would, plays its recorded inputs, and writes down what it saw.
import { RTCPeerConnection } from '../node/wrtc.js';
import { relayedSignaling } from '../node/relayed-signaling.js';
import { WebSocket } from '../server/ws.js';
import { webSocketSignaling } from '../signaling/websocket.js';
import { recordedButtons } from '../sim/bots.js';
import { NetError } from '../core/errors.js';
import { joinMatch } from '../match/join.js';
import type { Match } from '../match/match.js';
import { createDuel, type Input, input } from '../../examples/duel/duel.js';
import { readInputs } from './play-flags.js';
import { PlayLog } from './play-log.js';
import type { PeerMessage, PeerTask } from './play-messages.js';

/** How often the parent hears how far we are. */
const PROGRESS_MS = 100;

/** How long a silent peer is waited for: nobody will come and wake it up. */
const LOST_MS = 5_000;

const task = JSON.parse(process.argv[2] ?? '') as PeerTask;
// The parent decides when a run is interrupted, and without a parent there is nobody to play for.
process.on('SIGINT', () => {});
process.on('disconnect', orphaned);
play(task).catch((error: unknown) => {
  tell({
    type: 'failure',
    code: 'unexpected',
    stage: '',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  process.exitCode = 1;
  hangUp();
});

function orphaned(): void {
  process.exit(1);
}

/** Nothing more to say to the parent. The process ends by itself once everything is closed. */
function hangUp(): void {
  process.off('disconnect', orphaned);
  if (process.connected) process.disconnect();
}

function tell(message: PeerMessage): void {
  if (process.connected) process.send?.(message);
}

async function play({ settings, self, player, url, room, relay }: PeerTask): Promise<void> {
  const log = new PlayLog(settings.frames, settings.inputDelay);
  const game = log.watch(createDuel(settings.seed));
  const pad = recordedButtons(readInputs(settings.inputs), player, 2);
  const startedAt = performance.now();
  let stage = 'signaling';
  let match: Match<Input, Int32Array>;
  try {
    match = await joinMatch({
      game,
      input,
      gameId: 'duel@1',
      players: 2,
      inputDelay: settings.inputDelay,
      window: settings.window,
      waitMs: LOST_MS,
      signaling: relayedSignaling(webSocketSignaling(url, { WebSocket, id: self }), () => relay),
      room,
      rtc: RTCPeerConnection,
      trace: { held: (_, frame) => log.held(frame), rtt: (_, ms) => log.rttMs.push(ms) },
      onProgress: (progress) => {
        stage = progress.stage;
        tell({ type: 'progress', stage, frame: 0, confirmed: -1, rttMs: 0, depth: 0, loss: 0 });
      },
    });
  } catch (error) {
    return fail(error, stage);
  }
  const connectMs = performance.now() - startedAt;
  await new Promise<void>((done) => {
    let seen = match.stats().depths;
    let toldAt = 0;
    let alone = false;
    let sampled = 0;
    const finish = (): void => {
      const result = log.result(match, connectMs);
      match.close('played to the end');
      tell(result);
      done();
    };
    match.on('interrupted', ({ peer }) => tell({ type: 'notice', text: `${peer} is silent` }));
    match.on('resumed', ({ peer }) => tell({ type: 'notice', text: `${peer} is back` }));
    match.on('desync', ({ frame, cause }) => tell({ type: 'notice', text: `desync at frame ${frame}: ${cause} differ` }));
    match.on('dropped', () => {
      alone = true;
    });
    match.on('ended', ({ error }) => {
      if (error === undefined) return;
      fail(error, 'play');
      done();
    });
    match.run({
      sample: () => {
        log.sampled(sampled);
        return { pad: pad(sampled++) };
      },
      draw: ({ frame }) => {
        const now = performance.now();
        if (now - toldAt >= PROGRESS_MS) {
          toldAt = now;
          const { depths, peers } = match.stats();
          const depth = depths.findLastIndex((count, i) => count > (seen[i] ?? 0));
          seen = depths;
          const { rttMs = 0, loss = 0 } = peers[0] ?? {};
          tell({ type: 'progress', stage: 'play', frame, confirmed: match.confirmedFrame, rttMs, depth: Math.max(0, depth), loss });
        }
        const last = settings.frames - 1;
        // The other still needs our inputs until it has them all; one that has left had them.
        if (match.settledFrame >= last || (alone && match.confirmedFrame >= last)) finish();
      },
    });
  });
  hangUp();
}

function fail(error: unknown, stage: string): void {
  if (!(error instanceof NetError)) throw error;
  tell({ type: 'failure', code: error.code, stage, message: error.message });
  process.exitCode = 1;
  hangUp();
}
