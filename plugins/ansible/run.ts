/** Runs a playbook with the worker's Ansible. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { contextCalls } from '../script/ctx-calls.js';
import { contextMembers } from '../script/ctx-members.js';
import { serveContext } from '../script/ctx-server.js';
import { endOrphan, processRecord } from '../script/orphans.js';
import { runProcess } from '../script/run-process.js';
import { quote } from '../script/shell-line.js';
import { Verdict } from '../script/verdict.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { listOf, textOf, textsOf } from '../values.js';
import { splitWords } from '../words.js';
import { writeInventory } from './inventory.js';
import { judge, type Outcome, type RunEnd, readOutcome } from './outcome.js';
import { type PlaybookSettings, playbookNode, settingsOf } from './settings.js';
import { openWorkspace, type Workspace } from './workspace.js';

const CONTROLLER = fileURLToPath(new URL('./controller', import.meta.url));

/** Runs the node's playbook, with tags one run for each; keeps the hosts' facts. */
export async function runPlaybook(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  const settings = settingsOf(ctx, inputs);
  const workspace = await openWorkspace(ctx, settings);
  try {
    const inventory = await writeInventory(ctx, settings.sources, workspace.folder);
    const run = await prepared(ctx, settings, workspace, inventory);
    await run.galaxy();
    if (settings.tags.length === 0 && !settings.autoTags) await run.playbook([]);
    else await runByTags(ctx, settings, run);
  } finally {
    if (settings.keepPlaybook) ctx.logger.info(`The playbook is kept in ${workspace.folder}`);
    else await workspace.remove();
  }
}

/**
 * Runs the playbook in check mode: nothing is changed.
 *
 * @returns host → the tasks that would change something there; undefined when all is as the playbook wants it
 */
export async function findDrift(ctx: OperationContext, inputs: JsonObject): Promise<JsonObject | undefined> {
  const settings = { ...settingsOf(ctx, inputs), storeFacts: false };
  const workspace = await openWorkspace(ctx, settings);
  try {
    const run = await prepared(ctx, settings, workspace, await writeInventory(ctx, settings.sources, workspace.folder));
    await run.galaxy();
    const tags = settings.tags.length > 0 ? ['--tags', settings.tags.join(',')] : [];
    const { changes } = await run.playbook(['--check', '--diff', ...tags]);
    return Object.keys(changes).length === 0 ? undefined : (changes as unknown as JsonObject);
  } finally {
    await workspace.remove();
  }
}

/** A run that is cut off goes on with the tags that are left. */
async function runByTags(ctx: OperationContext, settings: PlaybookSettings, run: Prepared): Promise<void> {
  const { instance } = playbookNode(ctx);
  const runtime = instance.runtimeProperties;
  const available = settings.tags.length > 0 ? [...settings.tags] : await run.tags();
  runtime.available_tags = available;
  const key = ctx.taskId;
  const done = runtime.tags_of === key ? textsOf(runtime.completed_tags) : [];
  runtime.tags_of = key;
  for (const tag of available.filter((name) => !done.includes(name))) {
    await run.playbook(['--tags', tag]);
    done.push(tag);
    runtime.completed_tags = [...done];
    await instance.update();
  }
  delete runtime.tags_of;
}

interface Prepared {
  /** Fetches the collections and roles that the settings name. */
  galaxy(): Promise<void>;
  /** @throws RecoverableError or NonRecoverableError when it fails */
  playbook(more: readonly string[]): Promise<Outcome>;
  /** The playbook's tags, in their order. */
  tags(): Promise<string[]>;
}

async function prepared(
  ctx: OperationContext,
  settings: PlaybookSettings,
  { folder, playbook }: Workspace,
  inventory: string,
): Promise<Prepared> {
  const variables = path.join(folder, 'variables.json');
  await writeFile(variables, JSON.stringify(settings.variables), { mode: 0o600 });
  const command = [settings.executable, '-i', inventory, playbook, ...argumentsOf(settings, variables)];
  const hidden = secretValues([settings.variables, settings.sources ?? null], settings.sensitiveKeys);
  const hide = (line: string): string => hidden.reduce((text, value) => text.replaceAll(value, '***'), line);
  const log = settings.logStdout ? (line: string) => ctx.logger.info('%s', hide(line)) : undefined;

  async function start(words: readonly string[], more: Record<string, string>, onLine = log): Promise<RunEnd> {
    const workdir = await ctx.plugin.workdir();
    const ended = await endOrphan(workdir, ctx.taskId);
    if (ended !== undefined) ctx.logger.warning('ended what an earlier attempt had left running: %s', ended);
    const server = await serveContext(contextMembers(ctx, new Verdict()), {
      ...contextCalls(ctx, {}, new Verdict()),
      // What the playbook is at is seen in the heartbeats.
      progress: ({ detail }) => ctx.heartbeat(detail ?? null),
    });
    const record = await processRecord(workdir, ctx.taskId, server.url, folder);
    try {
      const end = await runProcess({
        prologue: record.prologue,
        line: words.map(quote).join(' '),
        cwd: path.dirname(playbook),
        env: {
          ...environmentOf(ctx, settings, folder),
          ...more,
          CTX_SOCKET_URL: server.url,
        },
        signal: ctx.signal,
        stderrToStdout: false,
        onStdout: onLine,
        onStderr: onLine,
      });
      if (end.exitCode === 127)
        throw new NonRecoverableError(
          `${settings.executable} is not on the worker: install Ansible there, or set ansible_playbook_executable_path`,
        );
      return { ...end, stdout: hide(end.stdout), stderr: hide(end.stderr) };
    } finally {
      // Ansible starts its tasks in sessions of their own, which the end of its process group leaves running.
      if (ctx.signal.aborted) await endOrphan(workdir, ctx.taskId);
      await record.remove();
      await server.close();
    }
  }

  return {
    async galaxy() {
      const galaxy = settings.executable.replace(/ansible-playbook$/, 'ansible-galaxy');
      for (const [kind, names] of [
        ['collection', settings.collections],
        ['role', settings.roles],
      ] as const) {
        if (names.length === 0) continue;
        const end = await start([galaxy, kind, 'install', '-p', path.join(folder, `${kind}s`), ...names], {});
        if (end.exitCode !== 0)
          throw new NonRecoverableError(`${kind}s ${names.join(', ')} cannot be installed: ${end.stderr.trim()}`);
      }
    },
    async playbook(more) {
      const file = path.join(folder, `result-${randomUUID()}.json`);
      const end = await start([...command, ...more], { CAISSON_ANSIBLE_RESULT: file });
      const outcome = await readOutcome(file);
      if (outcome && settings.storeFacts) storeFacts(ctx, outcome);
      return judge(settings.playbook, end, outcome, ctx.operation.retryNumber + 1 >= settings.attempts);
    },
    async tags() {
      const end = await start([...command, '--list-tasks'], { ANSIBLE_CALLBACKS_ENABLED: '' }, undefined);
      if (end.exitCode !== 0)
        throw new NonRecoverableError(`the tags of ${settings.playbook} cannot be listed: ${end.stderr}`);
      const named = [...end.stdout.matchAll(/\tTAGS: \[([^\]]*)\]/g)].flatMap(([, names = '']) => names.split(','));
      return [...new Set(named.map((name) => name.trim()).filter((name) => name !== ''))];
    },
  };
}

function argumentsOf(settings: PlaybookSettings, variables: string): string[] {
  const { verbosity, become, flags, options, additionalArgs } = settings;
  return [
    ...(verbosity > 0 ? [`-${'v'.repeat(Math.min(verbosity, 6))}`] : []),
    ...(Object.keys(settings.variables).length > 0 ? ['--extra-vars', `@${variables}`] : []),
    ...(become ? ['--become'] : []),
    ...Object.entries(flags).flat(),
    ...Object.entries(options).flatMap(([name, value]) => optionOf(name, value)),
    ...(additionalArgs === undefined ? [] : splitWords(additionalArgs)),
  ];
}

/** `skip_tags: x` → `--skip-tags=x`; true = the flag alone. */
function optionOf(name: string, value: Json): string[] {
  const flag = `--${name.replaceAll('_', '-')}`;
  if (value === true) return [flag];
  if (value === false || value === null || value === '') return [];
  const text = typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : listOf(value).join(',');
  return [`${flag}=${text}`];
}

function environmentOf(ctx: OperationContext, settings: PlaybookSettings, folder: string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  const given = Object.entries(settings.environment).map(([name, value]) => [name, textOf(value) ?? String(value)]);
  return {
    ...environment,
    LC_ALL: 'C.UTF-8',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_RETRY_FILES_ENABLED: 'False',
    ANSIBLE_LOCAL_TEMP: path.join(folder, 'tmp'),
    ANSIBLE_COLLECTIONS_PATH: [
      path.join(folder, 'collections'),
      environment.ANSIBLE_COLLECTIONS_PATH ?? '~/.ansible/collections',
    ].join(':'),
    ANSIBLE_ROLES_PATH: [
      path.join(folder, 'roles'),
      environment.ANSIBLE_ROLES_PATH ?? '~/.ansible/roles:/etc/ansible/roles',
    ].join(':'),
    ...Object.fromEntries(given),
    ANSIBLE_CALLBACK_PLUGINS: path.join(CONTROLLER, 'callback'),
    ANSIBLE_CALLBACKS_ENABLED: 'caisson_result',
    ANSIBLE_CALLBACK_WHITELIST: 'caisson_result',
    ANSIBLE_ACTION_PLUGINS: path.join(CONTROLLER, 'action'),
    CAISSON_ANSIBLE_SUBJECT: ctx.type === 'relationship-instance' ? 'source instance' : 'instance',
    PYTHONUNBUFFERED: '1',
  };
}

function storeFacts(ctx: OperationContext, { facts }: Outcome): void {
  if (Object.keys(facts).length > 0) playbookNode(ctx).instance.runtimeProperties.facts = facts;
}

/** The values of the keys, at any depth. */
function secretValues(values: readonly Json[], keys: readonly string[]): string[] {
  const found = new Set<string>();
  const walk = (value: Json): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, item] of Object.entries(value)) {
      if (keys.includes(name) && (typeof item === 'string' || typeof item === 'number') && String(item).length > 2)
        found.add(String(item));
      walk(item as Json);
    }
  };
  for (const value of values) walk(value);
  return [...found];
}
