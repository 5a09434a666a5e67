/** Flags of every command that starts an execution, and what comes of them. */
import type { JsonObject } from '../../blueprint/json.js';
import type { ExecutionOptions, ExecutionRecord } from '../../workflows/messages.js';
import type { CaissonConnection } from '../connection.js';
import { flag, type Invocation, type OptionDefinition, optionalText } from './definition.js';

export const FOLLOW_FLAGS: readonly OptionDefinition[] = [
  { flags: '--detach', summary: 'start it and return at once' },
  { flags: '--timeout <duration>', summary: 'how long this command waits, e.g. 15m; the run goes on after it' },
  {
    flags: '--progress <mode>',
    summary: 'how progress is shown',
    choices: ['auto', 'tty', 'plain', 'json', 'quiet'],
    default: 'auto',
  },
];

export const EXECUTION_FLAGS: readonly OptionDefinition[] = [
  {
    flags: '-p, --parameters <parameters>',
    summary: 'workflow parameters: key=value or a YAML/JSON file',
    repeatable: true,
  },
  { flags: '--allow-custom-parameters', summary: 'accept parameters that the workflow does not declare' },
  { flags: '--force', summary: 'run it although it makes no sense now, or other deployments depend on this one' },
  {
    flags: '--max-retries <n>',
    summary: 'retries of an operation that does not say otherwise; -1 = for ever (default 5)',
  },
  { flags: '--retry-interval <seconds>', summary: 'seconds between attempts (default 1, doubling to 30)' },
  { flags: '--subgraph-retries <n>', summary: 'how often the lifecycle of a failed instance is run again (default 0)' },
  {
    flags: '--on-failure <policy>',
    summary: 'after a final failure: let what runs end, undo what was done, or go on elsewhere (default drain)',
    choices: ['drain', 'rollback', 'continue'],
  },
  {
    flags: '--wait-after-fail <duration>',
    summary:
      'with --on-failure continue: how long after the first failure something may still begin (default no limit)',
  },
  { flags: '--max-in-flight <n>', summary: 'operations running at once, at most (default 200)' },
  {
    flags: '--execution-timeout <duration>',
    summary: 'cancel the execution, and have it fail, when it takes longer, e.g. 2h',
  },
  { flags: '--legacy', summary: "the reference's own behaviour wherever ours differs" },
  { flags: '--dry-run', summary: 'walk the graph without running any operation' },
  ...FOLLOW_FLAGS,
];

export async function optionsOf(invocation: Invocation): Promise<ExecutionOptions> {
  const { executionOptions } = await import('../execution-options.js');
  return executionOptions({
    maxRetries: optionalText(invocation, 'maxRetries'),
    retryInterval: optionalText(invocation, 'retryInterval'),
    subgraphRetries: optionalText(invocation, 'subgraphRetries'),
    onFailure: optionalText(invocation, 'onFailure'),
    waitAfterFail: optionalText(invocation, 'waitAfterFail'),
    maxInFlight: optionalText(invocation, 'maxInFlight'),
    executionTimeout: optionalText(invocation, 'executionTimeout'),
    legacy: flag(invocation, 'legacy'),
    dryRun: flag(invocation, 'dryRun'),
  });
}

export interface Finished {
  readonly record: ExecutionRecord;
  readonly document: JsonObject;
}

/**
 * Follows an execution that was started, unless it is to be left alone.
 *
 * @returns undefined when detached, after the reference was told
 */
export async function followStarted(
  invocation: Invocation,
  connection: CaissonConnection,
  reference: { readonly deployment_id: string; readonly id: string },
): Promise<Finished | undefined> {
  const { io, global } = invocation;
  const { executionWorkflowId } = await import('../../workflows/messages.js');
  const { executionDocument } = await import('../executions.js');
  const { followExecution } = await import('../follow.js');
  const { parseDuration } = await import('../duration.js');
  const link = connection.uiUrl(executionWorkflowId(reference.deployment_id, reference.id));
  if (flag(invocation, 'detach')) {
    await printStarted(invocation, connection, reference, link);
    return undefined;
  }
  if (!global.quiet) io.err(`Execution ${reference.id} of deployment ${reference.deployment_id}\nTemporal UI: ${link}`);
  const timeout = optionalText(invocation, 'timeout');
  const record = await followExecution(connection, reference, io, {
    mode: progressMode(invocation),
    verbosity: global.verbosity,
    timeout: timeout === undefined ? undefined : parseDuration(timeout, '--timeout'),
  });
  return { record, document: executionDocument(connection, record) };
}

function progressMode({ options, global }: Invocation): 'auto' | 'tty' | 'plain' | 'json' | 'quiet' {
  const asked = options.progress as 'auto' | 'tty' | 'plain' | 'json' | 'quiet';
  if (global.quiet) return 'quiet';
  // With a document to come, progress is talk: never drawn, and silent unless asked for.
  if (asked === 'auto' && global.format !== 'table' && global.format !== 'wide') return 'quiet';
  return asked;
}

async function printStarted(
  { io, global }: Invocation,
  connection: CaissonConnection,
  reference: { readonly deployment_id: string; readonly id: string },
  link: string,
): Promise<void> {
  const { executionDocument, getExecution } = await import('../executions.js');
  const { printSingle } = await import('../output/print.js');
  const record = await getExecution(connection, reference);
  printSingle(io, global.format, {
    kind: 'execution',
    item: executionDocument(connection, record),
    name: reference.id,
    text: reference.id,
  });
  if (!global.quiet) io.err(`Temporal UI: ${link}\nFollow it: caisson executions watch ${reference.id}`);
}
