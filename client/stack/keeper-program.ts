/** The program that is the keeper of an embedded stack. */
import { text } from 'node:stream/consumers';
import type { Settings } from '../settings.js';
import { keep } from './keeper.js';
import { stackFiles } from './state.js';
import { up } from './up.js';

const input = await text(process.stdin);
// Whoever started us died before noting who we are: nobody would ever stop us.
if (input === '') process.exit(0);
const settings = JSON.parse(input) as Settings;
// The terminal that started it may close.
process.on('SIGHUP', () => undefined);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(0));

await keep({
  files: stackFiles(settings),
  up: async () => await up(settings),
  log: (message) => process.stderr.write(`${new Date().toISOString()} ${message}\n`),
});
process.exit(0);
