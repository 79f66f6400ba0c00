#!/usr/bin/env node
// The `rollwire` command: hands over to the subcommand that is named first. Each is loaded when it is called, since what it needs
// (ws, @roamhq/wrtc) is installed only by those who use it.

type Command = (argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  play: async () => (await import('./play.js')).runPlay,
  server: async () => (await import('./server-command.js')).runServer,
};

const HELP = `rollwire: peer-to-peer game netcode

  rollwire play     two processes play a match through a bad network, and prove it equal
  rollwire server   a room server, where the peers of a match find each other

Each explains itself with --help.
`;

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) return refuse(`there is no command "${name}"; see rollwire --help`);
  let command: Command;
  try {
    command = await load();
  } catch (error) {
    const missing = missingPackage(error);
    if (missing === undefined) throw error;
    return refuse(`"${name}" needs the package ${missing}; install it with: npm install ${missing}`);
  }
  return command(rest);
}

function refuse(text: string): number {
  process.stderr.write(`rollwire: ${text}\n`);
  return 2;
}

/** The name of a package that could not be found. */
function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return /Cannot find package '([^']+)'/.exec(error.message)?.[1];
}
