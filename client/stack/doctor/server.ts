/** Temporal: the program, the server, the namespace, the workers. */

import { SEARCH_ATTRIBUTES } from '../../../workflows/search-attributes.js';
import { type CaissonConnection, connect } from '../../connection.js';
import { CaissonError } from '../../errors.js';
import type { Settings } from '../../settings.js';
import { pollersOf } from '../pollers.js';
import { reach } from '../reach.js';
import { findTemporal } from '../temporal/binary.js';
import { binaryOptions, stackStatus } from '../up.js';
import { absent, type Check, fail, ok, warn } from './check.js';

export async function serverChecks(settings: Settings): Promise<readonly Check[]> {
  const { address } = settings.connection;
  if (address !== undefined) return await ofReached(settings, { ...settings.connection, address });
  const { server } = await stackStatus(settings);
  const program = await temporalProgram(settings);
  if (!server?.running) return [program, stopped(settings)];
  return [program, ...(await ofReached(settings, { ...settings.connection, address: server.address }))];
}

async function temporalProgram(settings: Settings): Promise<Check> {
  const name = 'Temporal program';
  try {
    const { path, version, from } = await findTemporal({ ...binaryOptions(settings), download: false });
    return ok(name, `${version} at ${path} (${from})`);
  } catch (error) {
    if (!(error instanceof CaissonError)) throw error;
    if (settings.temporalCli !== undefined || !settings.download) return fail(name, error.message, error.hint ?? '');
    return absent(name, 'none; the first start downloads it');
  }
}

function stopped({ embedded }: Settings): Check {
  return embedded
    ? warn('Temporal server', 'the embedded one does not run', 'caisson up')
    : fail(
        'Temporal server',
        'none is configured, and none may be started here',
        'set TEMPORAL_ADDRESS, or embedded to true',
      );
}

async function ofReached(settings: Settings, connection: Parameters<typeof reach>[0]): Promise<readonly Check[]> {
  const failed = (await reach(connection)).find((step) => !step.ok);
  if (failed)
    return [
      fail(
        'Temporal server',
        `${connection.address}: ${failed.step}: ${failed.detail}`,
        'see: caisson config list --origin',
      ),
    ];
  let opened: CaissonConnection;
  try {
    opened = await connect(settings, { autoStart: false });
  } catch (error) {
    return [fail('Temporal server', (error as Error).message, 'caisson up')];
  }
  try {
    return [await server(opened), ...(await namespace(opened)), await attributes(opened), ...(await workers(opened))];
  } finally {
    await opened.close();
  }
}

async function server({ client, address, embedded }: CaissonConnection): Promise<Check> {
  const kind = embedded ? 'embedded' : 'configured';
  // Whose key is for one namespace is not told about the whole.
  const { serverVersion = '', persistenceStore = '' } = await client.workflowService
    .getClusterInfo({})
    .catch(async () => await client.workflowService.getSystemInfo({}))
    .then((info: { serverVersion?: string | null; persistenceStore?: string | null }) => info);
  const more = [serverVersion && `version ${serverVersion}`, persistenceStore && `persistence ${persistenceStore}`];
  return ok('Temporal server', `${address} (${[kind, ...more.filter(Boolean)].join(', ')})`);
}

async function namespace({ client, namespace: name }: CaissonConnection): Promise<readonly Check[]> {
  const { config } = await client.workflowService.describeNamespace({ namespace: name });
  const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
  const text = `${name} (closed workflows are kept for ${days < 1 ? `${Math.round(days * 24)} hours` : `${days} days`})`;
  return [ok('Namespace', text)];
}

async function attributes(connection: CaissonConnection): Promise<Check> {
  return (await connection.searchAttributes())
    ? ok('Search attributes', SEARCH_ATTRIBUTES.join(', '))
    : warn(
        'Search attributes',
        'not registered: the UI cannot search by deployment',
        `a worker registers them if it may; or: temporal operator search-attribute create --type Keyword ${SEARCH_ATTRIBUTES.map((name) => `--name ${name}`).join(' ')}`,
      );
}

/** The server's clock is seen only where it noted a poll: in the future means that ours is behind. */
const LARGEST_SKEW_MS = 2_000;

async function workers(connection: CaissonConnection): Promise<readonly Check[]> {
  const { taskQueue, embedded } = connection;
  const pollers = await pollersOf(connection, taskQueue);
  if (pollers.length === 0)
    return [fail('Workers', `none serves the task queue ${taskQueue}`, embedded ? 'caisson up' : 'caisson worker run')];
  const ahead = Math.max(...pollers.map(({ last_seen_at }) => Date.parse(last_seen_at))) - Date.now();
  const checks = [
    ok('Workers', `${pollers.length} on ${taskQueue}: ${pollers.map(({ identity }) => identity).join(', ')}`),
  ];
  if (ahead > LARGEST_SKEW_MS)
    checks.push(
      warn('Clock', `the server's is ${Math.round(ahead / 1000)} s ahead of this machine's`, 'set the clock (NTP)'),
    );
  return checks;
}
