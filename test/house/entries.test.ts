// The package's entry points: they are what package.json says, importing them does nothing, and Node ends by itself afterwards.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string }>;
  dependencies: Record<string, string>;
};
const entries = Object.keys(manifest.exports).map((path) => path.replace('.', 'rollwire'));

function run(script: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: PROJECT, encoding: 'utf8', timeout: 20_000 });
}

describe('entry points', () => {
  test('each stands in the build, with its types', () => {
    for (const { types, default: code } of Object.values(manifest.exports)) {
      expect(existsSync(join(PROJECT, types)), types).toBe(true);
      expect(existsSync(join(PROJECT, code)), code).toBe(true);
    }
  });

  test.each(entries)('importing %s does nothing', (entry) => {
    const { status, stdout, stderr } = run(`
      const before = { globals: Object.getOwnPropertyNames(globalThis).length, handles: process.getActiveResourcesInfo().length };
      const names = Object.keys(await import('${entry}'));
      // What loading itself used is gone two rounds later.
      for (let i = 0; i < 2; i++) await new Promise((done) => setImmediate(done));
      const after = { globals: Object.getOwnPropertyNames(globalThis).length, handles: process.getActiveResourcesInfo().length };
      console.log(JSON.stringify({ names, before, after }));
    `);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { names, before, after } = JSON.parse(stdout) as { names: string[]; before: unknown; after: unknown };
    expect(names.length).toBeGreaterThan(0);
    expect(after).toEqual(before);
  });

  test('the main entry needs neither ws nor @roamhq/wrtc', () => {
    const { stdout } = run(`
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
        if (name === 'ws' || name === '@roamhq/wrtc') throw new Error('loaded ' + name);
        return next(name, context);
      }\`));
      for (const entry of ['rollwire', 'rollwire/sim', 'rollwire/signaling/memory', 'rollwire/signaling/websocket']) await import(entry);
      console.log('loaded');
    `);
    expect(stdout.trim()).toBe('loaded');
  });

  test('msgpackr is the only dependency', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['msgpackr']);
  });

  test('the package holds what its commands need, and no tests', { timeout: 30_000 }, () => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json'], { cwd: PROJECT, encoding: 'utf8' });
    const report = JSON.parse(stdout) as Record<string, { files: { path: string }[] }>;
    const files = Object.values(report).flatMap((entry) => entry.files.map(({ path }) => path));
    expect(files).toContain('dist/src/cli/play-peer.js');
    expect(files).toContain('dist/examples/duel/duel.js');
    expect(files).toContain('examples/inputs/melee-v2_0.u16');
    expect(files.filter((path) => /(^|\/)(test|bench)\/|\.test\.|tsbuildinfo/.test(path))).toEqual([]);
  });
});
