/** The activities of a worker: one per plugin operation, and those that the workflows keep house with. */
import { activityInfo } from '@temporalio/activity';
import type { ArtifactStore } from '../store/artifact-store.js';
import { type DefinitionSources, Definitions } from './definitions.js';
import type { OperationEnvironment } from './environment.js';
import type { PayloadReader } from './history.js';
import { journalActivities } from './journal.js';
import { recoveryActivities } from './recover.js';
import type { OperationRequest } from './request.js';
import { runOperation } from './run-operation.js';
import { workflowScriptActivities } from './workflow-script.js';

export interface ActivityDependencies extends DefinitionSources {
  readonly store: ArtifactStore;
  readonly payloads: PayloadReader;
  readonly environment: OperationEnvironment;
}

// biome-ignore lint/suspicious/noExplicitAny: the worker's registry holds functions of every signature
type Activities = Record<string, (...args: any[]) => Promise<unknown>>;

/** @throws Error when two plugins define one operation */
export function createActivities(dependencies: ActivityDependencies): Activities {
  return {
    ...operationActivities(dependencies),
    ...journalActivities(dependencies.store),
    ...recoveryActivities(dependencies.payloads),
    ...workflowScriptActivities(dependencies.environment),
  };
}

/**
 * One per operation of the worker's own plugins. Temporal gives the calls of all others to `default`: those of plugin
 * packages, which may be uploaded while the worker runs, and those that nobody provides, which fail at once.
 */
function operationActivities({ environment, ...sources }: ActivityDependencies): Activities {
  const definitions = new Definitions(sources);
  const perform = async (request: OperationRequest): Promise<unknown> => {
    const definition = await definitions.find(activityInfo().activityType, request);
    return await runOperation(definition, request, environment);
  };
  return Object.fromEntries([...definitions.types, 'default'].map((type) => [type, perform]));
}
