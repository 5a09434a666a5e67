/** `executions pause`, `continue`, `retry`, `fail`, `skip`, `signal`: what an operator does to a run. */
import type { ArgumentDefinition, CommandDefinition, Invocation, OptionDefinition } from './definition.js';
import { flag, optionalText } from './definition.js';

export const AS: OptionDefinition = { flags: '--as <name>', summary: 'who asks (default: your user name here)' };
export const COMMENT: OptionDefinition = { flags: '-m, --message <text>', summary: 'why; kept with the events' };
const EXECUTION: ArgumentDefinition = {
  name: '<execution>',
  summary: 'id of an execution, or of a deployment and so its latest execution',
};
const IN: OptionDefinition = { flags: '-d, --deployment-id <id>', summary: 'the deployment of the execution' };

export const pause: CommandDefinition = {
  name: 'pause',
  summary: 'Start nothing new until `continue`; what runs goes on',
  arguments: [EXECUTION],
  options: [IN, AS, COMMENT],
  examples: [['caisson executions pause shop -m "waiting for the network team"', 'hold what runs on shop']],
  run: async (invocation) => {
    const { pauseExecution } = await import('../control.js');
    return await onExecution(invocation, 'paused', async (connection, reference) => {
      await pauseExecution(connection, reference, askerOf(invocation));
    });
  },
};

export const goOn: CommandDefinition = {
  name: 'continue',
  summary: 'Go on after `pause`',
  arguments: [EXECUTION],
  options: [IN, AS, COMMENT],
  examples: [['caisson executions continue shop', 'let it go on']],
  run: async (invocation) => {
    const { continueExecution } = await import('../control.js');
    return await onExecution(invocation, 'continued', async (connection, reference) => {
      await continueExecution(connection, reference, askerOf(invocation));
    });
  },
};

const OPERATION: ArgumentDefinition = {
  name: '<operation>',
  summary: 'web_x1y2z3.create, a task id, or an instance with one running operation',
};
const FORCE: OptionDefinition = {
  flags: '-f, --force',
  summary: 'do not wait until the running attempt has heard of it',
};

export const retry: CommandDefinition = {
  name: 'retry',
  summary: 'Run an operation anew, now, with a full budget of retries',
  description: 'Also one that waits for its next attempt. An attempt that runs is told to stop first.',
  arguments: [EXECUTION, OPERATION],
  options: [IN, AS, COMMENT, FORCE],
  examples: [['caisson executions retry shop web_x1y2z3.create', 'do not wait for the next attempt']],
  run: async (invocation) => await decide(invocation, 'retry'),
};

export const fail: CommandDefinition = {
  name: 'fail',
  summary: 'Take an operation as failed for good',
  arguments: [EXECUTION, OPERATION],
  options: [IN, AS, COMMENT, FORCE],
  examples: [['caisson executions fail shop web_x1y2z3.create -m "no quota"', 'give it up']],
  run: async (invocation) => await decide(invocation, 'fail'),
};

export const skip: CommandDefinition = {
  name: 'skip',
  summary: 'Take an operation as succeeded: done by hand',
  arguments: [EXECUTION, OPERATION],
  options: [IN, AS, COMMENT, FORCE, { flags: '--result <json>', summary: 'what it is taken to have returned' }],
  examples: [['caisson executions skip shop web_x1y2z3.create -m "made it in the console"', 'go on behind it']],
  run: async (invocation) => await decide(invocation, 'skip'),
};

export const signal: CommandDefinition = {
  name: 'signal',
  summary: 'Send a named signal that operations wait for',
  arguments: [EXECUTION, { name: '<name>', summary: 'name of the signal' }],
  options: [IN, AS, { flags: '--payload <json>', summary: 'what goes with it' }],
  examples: [['caisson executions signal shop dns-ready', 'release what waits for dns-ready']],
  run: async (invocation) => {
    const { sendSignal } = await import('../control.js');
    const name = invocation.args[1] ?? '';
    const payload = await jsonOf(invocation, 'payload');
    let released = 0;
    return await onExecution(
      invocation,
      () => `has the signal ${name}; ${released} waited for it`,
      async (connection, reference) => {
        released = await sendSignal(connection, reference, name, payload ?? null, askerOf(invocation));
      },
    );
  },
};

async function decide(invocation: Invocation, action: 'retry' | 'fail' | 'skip'): Promise<number> {
  const { decideOperation } = await import('../control.js');
  const word = invocation.args[1] ?? '';
  const done = { retry: 'is retried', fail: 'is taken as failed', skip: 'is taken as succeeded' }[action];
  const result = await jsonOf(invocation, 'result');
  return await onExecution(
    invocation,
    () => `: ${word} ${done}`,
    async (connection, reference) => {
      const options = { ...askerOf(invocation), result, force: flag(invocation, 'force') };
      await decideOperation(connection, reference, word, action, options);
    },
  );
}

async function onExecution(
  invocation: Invocation,
  told: string | (() => string),
  act: (
    connection: import('../connection.js').CaissonConnection,
    reference: import('../executions.js').ExecutionReference,
  ) => Promise<void>,
): Promise<number> {
  const { io, global, args } = invocation;
  const { withSession } = await import('../session.js');
  const { executionDocument, findExecution, getExecution } = await import('../executions.js');
  const { printSingle } = await import('../output/print.js');
  return await withSession(global, io, async ({ connection }) => {
    const reference = await findExecution(connection, args[0] ?? '', optionalText(invocation, 'deploymentId'));
    await act(connection, reference);
    const text = typeof told === 'string' ? ` ${told}` : told();
    printSingle(io, global.format, {
      kind: 'execution',
      item: executionDocument(connection, await getExecution(connection, reference)),
      name: reference.id,
      text: `${reference.id} of ${reference.deployment_id}${text.startsWith(':') ? '' : ' '}${text.trimStart()}`,
    });
    return 0;
  });
}

export function askerOf(invocation: Invocation): {
  readonly by?: string | undefined;
  readonly comment?: string | undefined;
} {
  return { by: optionalText(invocation, 'as'), comment: optionalText(invocation, 'message') };
}

async function jsonOf(
  invocation: Invocation,
  name: string,
): Promise<import('../../blueprint/json.js').Json | undefined> {
  const text = optionalText(invocation, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    const { usageError } = await import('../errors.js');
    throw usageError(`--${name} must be JSON, not ${text}`, `texts in quotes: --${name} '"text"'`);
  }
}
