// `rollwire server`: runs a room server until the process is told to stop.
import { parseArgs } from 'node:util';
import { NetError } from '../core/errors.js';
import { startRoomServer } from '../server/index.js';

/** A fixed port, since it stands in the games' URLs; it is in the range that needs no rights, and no common service has it. */
const DEFAULT_PORT = 7780;

const HELP = `rollwire server: runs a room server, where the peers of a match find each other

  rollwire server [--port N] [--host H]

  --port N   the port to listen on, 0 for any free one (default ${DEFAULT_PORT})
  --host H   the address to listen on, 0.0.0.0 for every network (default: only this machine)
  --help     this text
`;

/**
 * Runs `rollwire server` with the arguments after that word; answers with the exit code.
 * 0: help, or stopped by SIGINT or SIGTERM. 2: arguments that cannot be used or a taken port, told in one line on stderr.
 */
export async function runServer(argv: readonly string[]): Promise<number> {
  try {
    const flags = parseFlags(argv);
    if (flags === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    const server = await startRoomServer(flags);
    process.stdout.write(`room server on ${server.url} (Ctrl+C stops it)\n`);
    await stopSignal();
    await server.close();
    return 0;
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.stderr.write(`rollwire server: ${error.message}\n`);
    return 2;
  }
}

function parseFlags(argv: readonly string[]): 'help' | { port: number; host?: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: { port: { type: 'string' }, host: { type: 'string' }, help: { type: 'boolean' } },
    }));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new NetError('bad-option', { option: 'the command line', got: argv.join(' '), expected: '--port N, --host H or --help' });
  }
  if (values.help === true) return 'help';
  const { port = String(DEFAULT_PORT), host } = values;
  // Number('') is 0, and a minus or a point would only be refused later under another name.
  if (!/^\d{1,5}$/.test(port)) {
    throw new NetError('bad-option', { option: '--port', got: port, expected: 'an integer from 0 to 65535' });
  }
  return { port: Number(port), ...(host === undefined ? {} : { host }) };
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
