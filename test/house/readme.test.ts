// The README's example is a file of the project, and it runs.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { input } from '../../examples/testing/game.js';
import { ForgottenField } from '../../examples/testing/planted-bugs.js';
import { syncTest } from '../../src/sim/sync-test.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const readme = readFileSync(at('README.md'), 'utf8');

describe('README', () => {
  test('shows examples/hello as it is', () => {
    expect(readme).toContain(`\`\`\`ts\n${readFileSync(at('examples/hello/hello.ts'), 'utf8')}\`\`\``);
  });

  test('the example plays to its end, and Node ends by itself', { timeout: 60_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [at('dist/examples/hello/hello.js')], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^peer-\d: \d+ frames, \d+ rollbacks, equal in all [1-9]\d* checks\npeer-\d: .* checks\n$/);
  });

  test('shows what syncTest says of the example bug, as does the page of the example', async () => {
    const result = await syncTest(() => new ForgottenField(), { input });
    for (const page of [readme, readFileSync(at('examples/testing/README.md'), 'utf8')]) expect(page).toContain(`\n${result.text}\n`);
  });

  test('names only scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(script);
    for (const [, path] of readme.matchAll(/\]\((?!http)([^)#]+)\)/g)) expect(() => readFileSync(at(path!)), path).not.toThrow();
  });
});
