// Law 1 is enforced by machines: each kind of breach, planted into a copy of the project, makes the compiler or the linter fail.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const PURE = ['core', 'wire', 'session', 'negotiation'] as const;
const ROOMS = [...PURE, 'signaling', 'link', 'match', 'sim', 'server', 'node', 'cli'] as const;
const bin = (name: string): string => join(PROJECT, 'node_modules/.bin', name);
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'rollwire-purity-'));
  for (const name of ['src', 'tsconfig.base.json', 'package.json', '.oxlintrc.json'])
    cpSync(join(PROJECT, name), join(copy, name), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'));
  // The copy must not share its build's notes with the project.
  for (const room of ROOMS) {
    const path = join(copy, 'src', room, 'tsconfig.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('../../node_modules/.cache/', '../../.cache/'));
  }
});
afterAll(() => rmSync(copy, { recursive: true }));

function compile(room: string): string {
  return spawnSync(bin('tsc'), ['-b', `src/${room}`], { cwd: copy, encoding: 'utf8' }).stdout;
}

function lint(room: string): string {
  return spawnSync(bin('oxlint'), ['--format=unix', `src/${room}`], { cwd: copy, encoding: 'utf8' }).stdout;
}

/** Does something with files in place, and takes them away again. */
function planted(room: string, files: Readonly<Record<string, string>>, check: () => void): void {
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(copy, 'src', room, `${name}.ts`);
    writeFileSync(path, text);
    return path;
  });
  try {
    check();
  } finally {
    for (const path of paths) rmSync(path);
  }
}

const COMPILER = {
  breachTimer: 'export const breach = () => setTimeout(() => {}, 1);',
  breachClock: 'export const breach = () => performance.now();',
  breachRtc: 'export const breach = () => new RTCPeerConnection();',
  breachSocket: "export const breach = () => new WebSocket('ws://localhost');",
  breachConsole: "export const breach = () => console.log('breach');",
  breachProcess: 'export const breach = () => process.pid;',
  breachNode: "import { readFileSync } from 'node:fs';\nexport const breach = readFileSync;",
  breachUpwards: "import { systemClock } from '../match/system.js';\nexport const breach = systemClock;",
};

const LINTER = {
  breachDate: 'export const breach = () => Date.now();',
  breachRandom: 'export const breach = () => Math.random();',
  breachSine: 'export const breach = () => Math.sin(1);',
  breachPromise: 'export const breach = () => Promise.resolve(1);',
  breachAsync: 'export async function breach(): Promise<void> {}',
  breachOutside: "import fc from 'fast-check';\nexport const breach = fc;",
  breachDirection: "import type { Match } from '../match/match.js';\nexport type Breach = Match<number, number>;",
};

describe.each(PURE)('%s stays pure', (room) => {
  test('the compiler refuses timers, clocks, WebRTC, sockets, Node, and imports from above', { timeout: 60_000 }, () => {
    expect(compile(room)).toBe('');
    planted(room, COMPILER, () => {
      const errors = compile(room);
      for (const name of Object.keys(COMPILER)) expect(errors).toContain(`src/${room}/${name}.ts`);
    });
  });

  test(
    'the linter refuses dates, randomness, inexact functions, promises, foreign packages, and imports from above',
    { timeout: 60_000 },
    () => {
      expect(lint(room)).not.toContain('[Error');
      planted(room, LINTER, () => {
        const errors = lint(room);
        for (const name of Object.keys(LINTER)) expect(errors).toContain(`src/${room}/${name}.ts`);
      });
    },
  );
});

describe('imports go one way', () => {
  test.each([
    ['link', "export { joinMatch as breach } from '../match/join.js';"],
    ['signaling', "export { PeerLink as breach } from '../link/peer-link.js';"],
    ['match', "export { RTCPeerConnection as breach } from '../node/wrtc.js';"],
    ['server', "export { joinMatch as breach } from '../match/join.js';"],
  ])('%s cannot import what is above it', { timeout: 60_000 }, (room, text) => {
    planted(room, { breachUpwards: text }, () => expect(compile(room)).toContain(`src/${room}/breachUpwards.ts`));
  });
});

describe('each foreign package is imported by one file', () => {
  test.each(['ws', '@roamhq/wrtc', 'msgpackr'])('%s', { timeout: 60_000 }, (name) => {
    planted('match', { breachPackage: `export * as breach from '${name}';` }, () => expect(lint('match')).toContain('breachPackage.ts'));
  });
});
