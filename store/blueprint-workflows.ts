/** Which archives hold workflows of their own: workers look here when they start, instead of into every archive. */
import type { ParsedPlan } from '../blueprint/plan.js';
import type { ArtifactStore } from './artifact-store.js';

const FOLDER = 'blueprint-workflows';

export interface WorkflowFiles {
  /** The archive's hash. */
  readonly archive: string;
  /** Paths in it. */
  readonly files: readonly string[];
}

/** The `.workflow.ts` and `.workflow.js` files that a blueprint maps its workflows to. */
export function workflowFilesOf({ workflows }: Pick<ParsedPlan, 'workflows'>): string[] {
  const paths = Object.values(workflows).map(({ parameters }) => {
    const path = (parameters.script_path as { readonly default?: unknown } | undefined)?.default;
    return typeof path === 'string' && /\.workflow\.(ts|mts|js|mjs)$/.test(path) ? path : undefined;
  });
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/** Notes the workflow files of an archive; nothing for a blueprint without any. */
export async function noteWorkflowFiles(store: ArtifactStore, { archive, files }: WorkflowFiles): Promise<void> {
  if (files.length > 0) await store.put(`${FOLDER}/${archive}.json`, Buffer.from(JSON.stringify({ archive, files })));
}

export async function listWorkflowFiles(store: ArtifactStore): Promise<WorkflowFiles[]> {
  const found: WorkflowFiles[] = [];
  for (const key of await store.list(`${FOLDER}/`)) {
    const bytes = await store.get(key);
    if (bytes) found.push(JSON.parse(Buffer.from(bytes).toString('utf8')) as WorkflowFiles);
  }
  return found;
}
