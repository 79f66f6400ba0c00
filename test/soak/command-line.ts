// The command lines of the soak, of its planted faults and of the hostile packets: what cannot be used ends with one line that says what can.
import { parseArgs } from 'node:util';

/** A flag that takes a value, or one that is given or not. */
type Kind = 'string' | 'boolean';

type Values<K extends Record<string, Kind>> = { readonly [N in keyof K]?: K[N] extends 'string' ? string : boolean };

/** One command: reads its flags, and ends the process with 0 after `--help` and with 2 after anything that cannot be used. */
export class CommandLine<K extends Record<string, Kind>> {
  readonly #name: string;
  /** The flags that were given. */
  readonly values: Values<K>;

  /** @param name The npm script. @param usage What `--help` prints. @param kinds All flags besides `--help`. */
  constructor(name: string, usage: string, kinds: K) {
    this.#name = name;
    const options = Object.fromEntries(Object.entries({ ...kinds, help: 'boolean' as const }).map(([flag, type]) => [flag, { type }]));
    try {
      const { values } = parseArgs({ options });
      if (values['help'] === true) {
        process.stdout.write(usage);
        process.exit(0);
      }
      // Node has checked the values against the kinds.
      this.values = values as Values<K>;
    } catch (error) {
      const why = error instanceof Error ? error.message.split(/\. |\n/)[0] : 'not understood';
      this.refuse(`${why}; npm run ${name} -- --help lists the flags`);
    }
  }

  /** Ends the process: one line on stderr, exit code 2. */
  refuse(why: string): never {
    process.stderr.write(`${this.#name}: ${why}\n`);
    process.exit(2);
  }

  /** A whole number from `min` to `max`. */
  whole(flag: string, text: string, min: number, max: number): number {
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number >= min && number <= max) return number;
    return this.refuse(`--${flag} is "${text}"; use a whole number from ${min} to ${max}`);
  }

  /** "A..B" or "A", both from `min` to `max`. */
  span(flag: string, text: string, min: number, max: number): readonly [number, number] {
    const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (from >= min && from <= to && to <= max) return [from, to];
    return this.refuse(`--${flag} is "${text}"; use a number such as ${min} or a range such as ${min}..${min + 2}, from ${min} to ${max}`);
  }
}
