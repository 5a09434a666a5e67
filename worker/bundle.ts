/**
 * The workflow bundle: all workflow code in one file, as a worker loads it.
 *
 * It is built with the package, because bundling takes seconds and loading none.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

const PREBUILT = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));

/** Writes the bundle next to this module. Called once, when the package is built. */
export async function writePrebuiltBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath: workflowsModule(), logger: silent });
  await writeFile(PREBUILT, code);
}

/** What a worker loads: the prebuilt bundle, or one made now when the package runs from its sources. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(PREBUILT)) return { codePath: PREBUILT };
  return await bundleWorkflowCode({ workflowsPath: workflowsModule(), logger: silent });
}

function workflowsModule(): string {
  const own = fileURLToPath(import.meta.url);
  return fileURLToPath(new URL(`../workflows/index${own.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
}

const ignore = (): void => undefined;
const silent = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: console.error, error: console.error };
