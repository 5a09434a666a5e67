/**
 * The program that is a worker of the embedded stack. `caisson worker run` is the one for a server of one's own; both
 * serve alike.
 */
import { text } from 'node:stream/consumers';
import type { Settings } from '../client/settings.js';
import { stackFiles } from '../client/stack/state.js';
import { workerLog } from './log.js';
import { takePrivate } from './private-environment.js';
import { serve } from './serve.js';

// The AWS SDK would write about Node's version into every log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const environment = takePrivate(process.env);
const input = await text(process.stdin);
// Whoever started us died before noting who we are: nobody would ever stop us.
if (input === '') process.exit(0);
const settings = JSON.parse(input) as Settings;
const files = stackFiles(settings);
const log = workerLog(files.workerLog);

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
// The terminal that started it may close.
process.on('SIGHUP', () => undefined);

try {
  await serve({ settings, log, environment, embedded: true, healthFile: files.workerHealth, signal: stop.signal });
} catch (error) {
  log.error('the worker failed', { error });
  process.exitCode = 1;
}
