// A default stands in core/defaults.ts; where an option's description names it too, it names the same.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DEFAULTS, LIMITS } from '../../src/core/defaults.js';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)), 'utf8');
const number = (text: string): number => Number(text.replaceAll(' ', ''));

/** The description that stands before an option. */
function describedIn(path: string, option: string): string {
  const found = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*readonly ${option}\\?:`).exec(read(path));
  expect(found, `${option} in ${path}`).not.toBeNull();
  return found![1]!.replaceAll(/\s+\*?\s*/g, ' ');
}

describe('the description of', () => {
  test.each([
    ['session/options.ts', 'inputDelay'],
    ['session/options.ts', 'window'],
    ['session/options.ts', 'fps'],
    ['session/options.ts', 'checkInterval'],
    ['match/options.ts', 'connectLimitMs'],
  ] as const)('%s: %s names its default', (path, option) => {
    const named = /Default (\d[\d ]*)\./.exec(describedIn(path, option));
    expect(named && number(named[1]!)).toBe(DEFAULTS[option]);
  });

  test.each(['inputDelay', 'window', 'fps'] as const)('%s names its limit', (option) => {
    const named = /\d+ to (\d+)/.exec(describedIn('session/options.ts', option));
    expect(named && number(named[1]!)).toBe(LIMITS[option]);
  });
});
