#!/usr/bin/env node
// The `rollwire` command: hands over to the subcommand that is named first.
import { runPlay } from './play.js';
import { runServer } from './server-command.js';

const HELP = `rollwire: peer-to-peer game netcode

  rollwire play     two processes play a match through a bad network, and prove it equal
  rollwire server   a room server, where the peers of a match find each other

Each explains itself with --help.
`;

const [command, ...rest] = process.argv.slice(2);
switch (command) {
  case 'play':
    process.exitCode = await runPlay(rest);
    break;
  case 'server':
    process.exitCode = await runServer(rest);
    break;
  case '--help':
  case undefined:
    process.stdout.write(HELP);
    break;
  default:
    process.stderr.write(`rollwire: there is no command "${command}"; see rollwire --help\n`);
    process.exitCode = 2;
}
