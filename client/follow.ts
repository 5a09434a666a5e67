/** Follows an execution on the screen: live on a terminal, line by line elsewhere, or without a word. */
import type { ExecutionRecord, FailedOperation, ProgressView } from '../workflows/messages.js';
import { executionWorkflowId, progressQuery } from '../workflows/messages.js';
import { ask } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { clock } from './duration.js';
import { CaissonError } from './errors.js';
import { eventLine } from './events/line.js';
import type { ExecutionEvent } from './events/reader.js';
import { cancelExecution, type ExecutionReference } from './executions.js';
import type { Io } from './output/io.js';
import { liveArea, progressFrame } from './output/progress.js';
import { type WatchUpdate, watchExecution } from './watch.js';

export const PROGRESS_MODES = ['auto', 'tty', 'plain', 'json', 'quiet'] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

export interface FollowOptions {
  readonly mode: ProgressMode;
  /** Debug lines too. */
  readonly verbosity: number;
  /** Milliseconds this client waits; undefined = to the end. */
  readonly timeout?: number | undefined;
}

/** A line is due after this much silence, so that nobody takes the run for dead. */
const HEARTBEAT_MS = 30_000;
const FRAME_MS = 100;

/**
 * @returns the record of the ended execution
 * @throws CaissonError (timeout) when the client stopped waiting; {@link Detached} after Ctrl-C
 */
export async function followExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
  io: Io,
  options: FollowOptions,
): Promise<ExecutionRecord> {
  const mode = options.mode === 'auto' ? (io.isTerminal ? 'tty' : 'plain') : options.mode;
  const stop = new AbortController();
  const timer =
    options.timeout === undefined ? undefined : setTimeout(() => stop.abort(timedOut(reference)), options.timeout);
  const interrupts = onInterrupt(connection, reference, io, stop);
  const screen = SCREENS[mode](io, options, reference);
  try {
    const watch = watchExecution(connection, reference, {
      signal: stop.signal,
      events: mode !== 'quiet',
      progress: mode === 'tty' || mode === 'plain',
      interval: mode === 'quiet' ? 1_000 : 250,
    });
    for await (const update of watch) {
      if (update.kind === 'ended') return update.record;
      screen.show(update);
    }
    throw stop.signal.reason;
  } finally {
    screen.close();
    interrupts.remove();
    clearTimeout(timer);
  }
}

/** Ctrl-C: the run goes on without us. */
export class Detached extends Error {
  override readonly name = 'Detached';
}

function timedOut({ id, deployment_id }: ExecutionReference): CaissonError {
  return new CaissonError('timeout', 'C5004', `stopped waiting for execution ${id} of ${deployment_id}; it goes on`, {
    hint: `follow it with: caisson executions watch ${id}    or cancel it: caisson cancel ${id}`,
  });
}

function onInterrupt(connection: CaissonConnection, reference: ExecutionReference, io: Io, stop: AbortController) {
  let first = 0;
  const listener = (): void => {
    if (first > 0 && Date.now() - first < 2_000) {
      io.err(`cancelling ${reference.id}…`);
      void cancelExecution(connection, reference)
        .catch((error: Error) => io.err(error.message))
        .finally(() => stop.abort(new Detached()));
      return;
    }
    first = Date.now();
    io.err(
      `\n${reference.id} is still running. Follow it: caisson executions watch ${reference.id}\nCancel it: caisson cancel ${reference.id} (or Ctrl-C again now)`,
    );
    // A second Ctrl-C has this long to come.
    setTimeout(() => stop.abort(new Detached()), io.isTerminal ? 2_000 : 0).unref();
  };
  process.on('SIGINT', listener);
  return { remove: () => void process.off('SIGINT', listener) };
}

interface Screen {
  show(update: WatchUpdate): void;
  close(): void;
}

type OpenScreen = (io: Io, options: FollowOptions, reference: ExecutionReference) => Screen;

const SCREENS: Readonly<Record<Exclude<ProgressMode, 'auto'>, OpenScreen>> = {
  quiet: () => ({ show: () => undefined, close: () => undefined }),
  json: (io) => ({
    show(update) {
      if (update.kind === 'events')
        for (const event of update.events) io.out(JSON.stringify({ schema_version: 1, ...event }));
    },
    close: () => undefined,
  }),
  plain: openPlain,
  tty: openTerminal,
};

function openPlain(io: Io, { verbosity }: FollowOptions, { deployment_id }: ExecutionReference): Screen {
  let progress: ProgressView | undefined;
  let told = Date.now();
  const timer = setInterval(() => {
    if (!progress || Date.now() - told < HEARTBEAT_MS) return;
    told = Date.now();
    const running = progress.running.map(
      (one) => `${one.node_instance_id}.${one.operation.slice(one.operation.lastIndexOf('.') + 1)}`,
    );
    const shown = running.slice(0, 5).join(', ') + (running.length > 5 ? `, ${running.length - 5} more` : '');
    const elapsed = clock(Date.now() - Date.parse(progress.started_at));
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    io.err(
      `${time}  CFY <${deployment_id}> still running: ${progress.finished_operations}/${progress.total_operations} operations${shown ? `, ${shown}` : ''} (${elapsed})`,
    );
  }, 1_000);
  return {
    show(update) {
      if (update.kind === 'progress') progress = update.progress;
      else if (update.kind === 'silence') told = silence(io, update.reason, told);
      else if (update.kind === 'events')
        for (const event of update.events) {
          if (!isShown(event, verbosity)) continue;
          told = Date.now();
          io.err(eventLine(event, io.colors));
        }
    },
    close: () => clearInterval(timer),
  };
}

/** Told now and then, not at every look. */
function silence(io: Io, reason: string, told: number): number {
  if (Date.now() - told < 5_000) return told;
  io.err(`waiting: ${reason.split('\n', 1)[0]}`);
  return Date.now();
}

function openTerminal(io: Io, { verbosity }: FollowOptions): Screen {
  const area = liveArea((text) => void io.stderr.write(text));
  let latest: Extract<WatchUpdate, { kind: 'progress' }> | undefined;
  let quiet: string | undefined;
  const draw = (): void => {
    if (!latest) return;
    const frame = progressFrame(
      { ...latest, now: Date.now(), columns: io.columns(), rows: process.stdout.rows ?? 24 },
      io.colors,
    );
    const note = quiet ? io.colors.yellow(`  waiting: ${quiet}`) : io.colors.dim('  Ctrl-C detaches; the run goes on');
    area.draw([...frame, note]);
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    show(update) {
      if (update.kind === 'progress') {
        latest = update;
        quiet = undefined;
      } else if (update.kind === 'silence') quiet = update.reason.split('\n', 1)[0];
      else if (update.kind === 'events') {
        const lines = update.events
          .filter((event) => isTold(event, verbosity))
          .map((event) => eventLine(event, io.colors));
        if (lines.length > 0) area.print(lines.join('\n'));
      }
      draw();
    },
    close() {
      clearInterval(timer);
      area.clear();
    },
  };
}

/** Stages with nothing to do say nothing, nor do the parts of a walk, and debug lines are for `-vv`. */
function isShown(event: ExecutionEvent, verbosity: number): boolean {
  if (event.type === 'cloudify_log') return event.level !== 'debug' || verbosity >= 2;
  return verbosity >= 1 || !(event.message.endsWith('nothing to do') || event.message.startsWith('Subgraph '));
}

/** Above the live picture stand only what happened to instances, and what went wrong. */
function isTold(event: ExecutionEvent, verbosity: number): boolean {
  if (verbosity >= 1) return isShown(event, verbosity);
  if (event.type === 'cloudify_log') return event.level === 'warning' || event.level === 'error';
  if (event.event_type === 'workflow_node_event') return isShown(event, 0);
  return /_failed$|_rescheduled$|^workflow_/.test(event.event_type ?? '');
}

/**
 * The end of an execution for people: what failed and what to type next.
 *
 * @throws CaissonError (failed or cancelled) unless it completed
 */
export async function concludeExecution(connection: CaissonConnection, record: ExecutionRecord): Promise<void> {
  if (record.status === 'terminated') return;
  const { deployment_id, id, workflow_id } = record;
  const links = { temporal_ui: connection.uiUrl(record.workflow.workflow_id, record.workflow.run_id ?? undefined) };
  const next = `go on where it stood: caisson resume ${deployment_id}    or undo everything: caisson uninstall ${deployment_id}`;
  if (record.status === 'cancelled')
    throw new CaissonError(
      'cancelled',
      'C6002',
      `${workflow_id} ${deployment_id} was cancelled: ${record.error ?? 'on request'}`,
      {
        hint: next,
        links,
      },
    );
  const failures = await failuresOf(connection, record);
  const message = [`${workflow_id} of ${deployment_id} failed`, ...failures.map(failureText)].join('\n');
  const ignorable = workflow_id === 'uninstall' ? '    or pass over what fails: -p ignore_failure=true' : '';
  throw new CaissonError('failed', 'C6001', failures.length > 0 ? message : `${message}: ${record.error}`, {
    hint: `logs: caisson logs ${id}    ${next}${ignorable}`,
    links,
    details: { execution_id: id, failures: JSON.parse(JSON.stringify(failures)) },
  });
}

async function failuresOf(
  connection: CaissonConnection,
  { deployment_id, id }: ExecutionRecord,
): Promise<readonly FailedOperation[]> {
  const workflowId = executionWorkflowId(deployment_id, id);
  const view = await ask(connection, workflowId, progressQuery, [], () => undefined).catch(() => undefined);
  return view?.failures.filter(({ ignored }) => !ignored) ?? [];
}

function failureText(failure: FailedOperation): string {
  const { source_id, target_id, node_instance_id, operation, implementation, attempt, attempts } = failure;
  const subject = source_id && target_id ? `${source_id} → ${target_id}` : node_instance_id;
  const short = operation.slice(operation.lastIndexOf('.') + 1);
  const kind = failure.recoverable ? 'recoverable' : 'not recoverable';
  const lines = [
    `  ${subject} · ${short} · ${implementation} · try ${attempt}${attempts ? `/${attempts}` : ''} (${kind})`,
  ];
  lines.push(`    ${failure.message.split('\n').join('\n    ')}`);
  if (failure.exit_code !== undefined) lines.push(`    exit code ${failure.exit_code}`);
  const stderr = failure.stderr?.trimEnd().split('\n').slice(-5) ?? [];
  if (stderr.join('') !== '') lines.push(...stderr.map((line) => `    stderr: ${line}`));
  return lines.join('\n');
}
