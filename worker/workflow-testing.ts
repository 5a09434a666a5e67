/**
 * For authors of custom workflows: does the code that is there now still fit the runs that are under way? Each history is
 * replayed against it; a run would wedge on the first step in which they differ.
 */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { openArtifactStore } from '../store/open.js';
import { anyVersionKey } from '../workflows/registry.js';
import { workflowBundle } from './bundle.js';
import { type Replayed, replayed } from './replay.js';

export type { FakeCall, FakeOperation } from './fake-operations.js';
export type { Replayed } from './replay.js';
export {
  openWorkflowStage,
  type WorkflowRun,
  type WorkflowRunOptions,
  type WorkflowStage,
  type WorkflowStageOptions,
} from './workflow-stage.js';

/** Which histories are replayed, and against which code. */
export interface ReplayOptions {
  /** The plugin's name, and its module with workflows. */
  readonly plugin?: { readonly name: string; readonly file: string };
  /** Histories by a name of your choice, as `caisson executions history` prints them. */
  readonly histories: Readonly<Record<string, unknown>>;
  /** Where the runs kept what was too big for their histories: a folder, or an address. Absent: nowhere. */
  readonly artifacts?: string;
}

/**
 * Replays histories of executions against the workflow code of now. Needs no server.
 *
 * @example
 * const [replayed] = await replayWorkflows({
 *   plugin: { name: 'shop', file: 'dist/workflows.js' },
 *   histories: { backup: JSON.parse(await readFile('test/histories/backup.json', 'utf8')) },
 * });
 * assert.equal(replayed.error, undefined);
 */
export async function replayWorkflows({ plugin, histories, artifacts }: ReplayOptions): Promise<readonly Replayed[]> {
  quieten();
  const keys = plugin ? [plugin.name, anyVersionKey(plugin.name)] : [];
  const modules = keys.map((key) => ({ kind: 'plugin', key, file: plugin?.file ?? '' }) as const);
  return await replayed(
    await workflowBundle({ modules }),
    histories,
    artifacts === undefined ? undefined : openArtifactStore(artifacts),
  );
}

/** What a worker says of its own life is of no interest in a test. */
function quieten(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('WARN', () => undefined) });
  } catch {
    // There is a runtime already: whoever installed it has chosen.
  }
}
