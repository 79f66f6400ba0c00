// A small seeded random number generator (sfc32, by Chris Doty-Humphrey, PractRand): the same seed gives the same numbers everywhere.
// Good enough for simulations and games; not for secrets.

/** Where a generator stands: four 32-bit integers. */
export type RngState = readonly [number, number, number, number];

/**
 * A seeded generator. In a game its state belongs to the game's state: put `rng.save()` into what the game saves, and give it to
 * `rng.load()` when it loads; or what happens again after a rollback meets other numbers.
 */
export interface Rng {
  /** The next number in [0, 1), with 32 random bits. */
  (): number;
  /** The next unsigned 32-bit integer. */
  u32(): number;
  /** Where it stands. */
  save(): RngState;
  /** Goes back to where it stood. */
  load(state: RngState): void;
  /** An independent generator, named: the same parent seed and name give the same child. */
  fork(name: string): Rng;
}

/** A generator from a 32-bit seed and an optional name. */
export function createRng(seed: number, name = ''): Rng {
  const key = `${seed >>> 0}/${name}`;
  let a = hashString(key, 0x9e3779b9);
  let b = hashString(key, 0x243f6a88);
  let c = hashString(key, 0xb7e15162);
  let counter = 1;
  const u32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  // sfc32 needs some rounds until every bit of the seed has reached every bit of the state.
  for (let i = 0; i < 12; i++) u32();
  const next = (): number => u32() / 4294967296;
  const save = (): RngState => [a, b, c, counter];
  const load = (state: RngState): void => {
    a = state[0] | 0;
    b = state[1] | 0;
    c = state[2] | 0;
    counter = state[3] | 0;
  };
  return Object.assign(next, { u32, save, load, fork: (child: string) => createRng(seed, `${name}/${child}`) });
}

/** FNV-1a over UTF-16 code units, started at `basis`. */
function hashString(text: string, basis: number): number {
  let h = basis >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
