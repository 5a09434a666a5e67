/**
 * For authors of custom workflows: does the code that is there now still fit the runs that are under way? Each history is
 * replayed against it; a run would wedge on the first step in which they differ.
 */
import { openArtifactStore } from '../store/open.js';
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

export interface ReplayOptions {
  /** The plugin's name, and its module with workflows. */
  readonly plugin?: { readonly name: string; readonly file: string };
  /** Histories by a name of your choice, as `temporal workflow show --output json` prints them. */
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
  const modules = plugin ? [{ kind: 'plugin', key: plugin.name, file: plugin.file } as const] : [];
  return await replayed(
    await workflowBundle({ modules }),
    histories,
    artifacts === undefined ? undefined : openArtifactStore(artifacts),
  );
}
