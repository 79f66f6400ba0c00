// `rollwire play`: a room server, a bad network and two peer processes; a match between them; and the proof that both saw the same.
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NetError } from '../core/errors.js';
import { type Relay, startRelay } from '../node/relay.js';
import { type RoomServer, startRoomServer } from '../server/room-server.js';
import { parsePlayFlags, PLAY_HELP, type PlaySettings, readInputs } from './play-flags.js';
import type { PeerFailure, PeerMessage, PeerProgress, PeerResult, PeerTask } from './play-messages.js';
import { playReport, printReport } from './play-report.js';
import { judge, replay } from './play-verdict.js';
import { ProgressLine } from './progress-line.js';

const NAMES = ['peer-1', 'peer-2'] as const;

/** Runs `rollwire play` with the arguments after that word; answers with the exit code. */
export async function runPlay(argv: readonly string[]): Promise<number> {
  try {
    const flags = parsePlayFlags(argv);
    if (flags === 'help') {
      process.stdout.write(PLAY_HELP);
      return 0;
    }
    const recording = readInputs(flags.settings.inputs);
    return await new Run(flags.settings, recording, flags.json).play();
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.stderr.write(`rollwire play: ${error.message}\n`);
    return 2;
  }
}

interface Peer {
  readonly name: string;
  readonly process: ChildProcess;
  progress: PeerProgress | undefined;
  result: PeerResult | undefined;
  failure: Omit<PeerFailure, 'type'> | undefined;
}

class Run {
  readonly #settings: PlaySettings;
  readonly #recording: Uint8Array;
  readonly #json: string | undefined;
  readonly #peers: Peer[] = [];
  #interrupted = false;

  constructor(settings: PlaySettings, recording: Uint8Array, json: string | undefined) {
    this.#settings = settings;
    this.#recording = recording;
    this.#json = json;
  }

  async play(): Promise<number> {
    const { delay, jitter, loss, burst, seed, port } = this.#settings;
    const relay = await startRelay({ impair: { delayMs: delay, jitterMs: jitter, loss: loss / 100, burstMs: burst }, seed });
    const server = await startRoomServer({ port }).catch((error: unknown) => {
      relay.close();
      throw error;
    });
    const interrupt = (): void => {
      this.#interrupted = true;
      for (const { process: child } of this.#peers) child.kill('SIGKILL');
    };
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
    try {
      await this.#match(server, relay);
    } finally {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      for (const { process: child } of this.#peers) child.kill('SIGKILL');
      relay.close();
      await server.close();
    }
    if (this.#interrupted) {
      process.stderr.write('interrupted: all processes have ended\n');
      return 130;
    }
    return this.#finish(relay);
  }

  /** Both peers, from start to exit. */
  async #match(server: RoomServer, relay: Relay): Promise<void> {
    const { frames, delay, jitter, loss, burst } = this.#settings;
    const outages = burst > 0 ? ` in outages of ${burst} ms` : '';
    process.stdout.write(`${frames} frames between two processes over WebRTC; one way ${delay} ± ${jitter} ms, ${loss} % loss${outages}\n`);
    const line = new ProgressLine(process.stdout, () => this.#describe());
    line.start();
    await Promise.all(
      NAMES.map((name, player) => this.#peer(name, { player, url: server.url, relay: player === 0 ? relay.a : relay.b }, line)),
    );
    line.stop();
  }

  /** Resolves when the process has ended. */
  #peer(name: string, place: Pick<PeerTask, 'player' | 'url' | 'relay'>, line: ProgressLine): Promise<void> {
    const task: PeerTask = { settings: this.#settings, self: name, room: 'play', ...place };
    const child = fork(fileURLToPath(new URL('./play-peer.js', import.meta.url)), [JSON.stringify(task)]);
    const peer: Peer = { name, process: child, progress: undefined, result: undefined, failure: undefined };
    this.#peers.push(peer);
    child.on('message', (message: PeerMessage) => {
      if (message.type === 'progress') peer.progress = message;
      else if (message.type === 'result') peer.result = message;
      else if (message.type === 'failure') peer.failure = message;
      else line.note(`${name}: ${message.text}`);
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        const ended = code === 0 && peer.result !== undefined;
        if (!ended && peer.failure === undefined && !this.#interrupted) {
          const message = `its process ended (${signal ?? `exit code ${code}`})`;
          peer.failure = { code: 'process-ended', stage: peer.progress?.stage ?? 'signaling', message };
          line.note(`${name}: ${message}`);
        }
        resolve();
      });
    });
  }

  #finish(relay: Relay): number {
    const results = this.#peers.flatMap(({ name, result }) => (result === undefined ? [] : [{ ...result, name }]));
    const failures = this.#peers.flatMap(({ name, failure }) => {
      if (failure === undefined) return [];
      const { code, stage, message } = failure;
      return [{ name, code, stage, message }];
    });
    const complete = results.length === NAMES.length;
    const truth = complete ? replay(this.#recording, this.#settings) : undefined;
    const verdict =
      truth === undefined
        ? { equal: false, text: 'no result: the match did not come to its end', firstDifference: null }
        : judge(truth, results);
    const report = playReport(this.#settings, relay.stats(), { verdict, truth, results, failures });
    process.stdout.write(`${printReport(report)}\n`);
    if (this.#json !== undefined) writeFileSync(this.#json, `${JSON.stringify(report, null, 2)}\n`);
    return report.equal && failures.length === 0 ? 0 : 1;
  }

  /** How far each is. */
  #describe(): string[] {
    return this.#peers.map(({ name, progress }) => {
      if (progress === undefined) return `${name} starts`;
      if (progress.stage !== 'play') return `${name} connects: ${progress.stage}`;
      const { frame, confirmed, rttMs, depth, loss } = progress;
      return `${name} ${frame} (${confirmed} confirmed) rtt ${Math.round(rttMs)} ms, rollback ${depth}, loss ${Math.round(loss * 100)} %`;
    });
  }
}
