// Which engine was built: what a soak has seen holds for that one only.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const BUILT = new URL('../../src/', import.meta.url);
/** The rooms whose code decides how a schedule ends. */
const ROOMS = ['core', 'wire', 'session', 'match', 'sim'];
/** Characters of the hash that go into a file's name: 48 bits. */
const LENGTH = 12;

/** A hash over all compiled files of the engine and of the simulator. */
export function engineHash(): string {
  const hash = createHash('sha256');
  for (const room of ROOMS) {
    const folder = new URL(`${room}/`, BUILT);
    const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
    for (const name of files.toSorted()) hash.update(`${room}/${name}\0`).update(readFileSync(new URL(name, folder)));
  }
  return hash.digest('hex').slice(0, LENGTH);
}
