/** An agent: serves the operations of one host, in the foreground, until it is told to end. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { agentSettings, readDocument } from './agent-settings.js';
import { agentIdentity } from './agents.js';
import { workerLog } from './log.js';
import { takePrivate } from './private-environment.js';
import { serve } from './serve.js';

/** Between being told to end by an operation and ending: its answer goes out first. */
const LAST_WORD_MS = 1_000;

/** @param file its settings; its data lies beside them */
export async function runAgent(file: string): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const document = readDocument(await readFile(file, 'utf8'));
  const settings = await agentSettings(document, path.dirname(path.resolve(file)));
  await mkdir(settings.home, { recursive: true, mode: 0o700 });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  process.on('SIGHUP', () => undefined);
  await serve({
    settings,
    log: workerLog(undefined),
    environment: takePrivate(process.env),
    agent: {
      identity: agentIdentity(document),
      endItself: () => void pause(LAST_WORD_MS).then(() => stop.abort()),
    },
    signal: stop.signal,
  });
}
