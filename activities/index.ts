/** The activities of a worker: one per plugin operation, and those that the workflows keep house with. */
import { activityInfo } from '@temporalio/activity';
import type { ArtifactStore } from '../store/artifact-store.js';
import type { LeanRequest } from '../workflows/lean-request.js';
import { BegunRuns } from './begun-runs.js';
import { type DefinitionSources, Definitions } from './definitions.js';
import type { OperationEnvironment } from './environment.js';
import type { PayloadReader } from './history.js';
import { journalActivities } from './journal.js';
import { metricsActivities } from './metrics-query.js';
import { type Observer, observedOperation } from './observe.js';
import type { PythonPackages } from './python-program.js';
import { recoveryActivities } from './recover.js';
import type { OperationRequest } from './request.js';
import { runOperation } from './run-operation.js';
import { servicesActivities } from './services.js';
import { wholeRequest } from './whole-request.js';
import { workflowScriptActivities } from './workflow-script.js';

export interface ActivityDependencies extends DefinitionSources {
  readonly store: ArtifactStore;
  readonly payloads: PayloadReader;
  readonly environment: OperationEnvironment;
  /** Address of the Prometheus that policies ask which name none. */
  readonly prometheus?: string | undefined;
  /** What is installed for workflows of plugins in Python. @default there are none */
  readonly pythonPackages?: PythonPackages | undefined;
  /** Who measures: see observe.ts. @default nobody */
  readonly observers?: readonly Observer[] | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the worker's registry holds functions of every signature
type Activities = Record<string, (...args: any[]) => Promise<unknown>>;

/** @throws Error when two plugins define one operation */
export function createActivities(dependencies: ActivityDependencies): Activities {
  return {
    ...operationActivities(dependencies),
    ...journalActivities(dependencies.store, dependencies.observers),
    ...recoveryActivities(dependencies.payloads, dependencies.store),
    ...metricsActivities(dependencies.prometheus),
    ...servicesActivities(),
    ...workflowScriptActivities(dependencies.environment, dependencies.pythonPackages),
  };
}

/**
 * One per operation of the worker's own plugins. Temporal gives the calls of all others to `default`: those of plugin
 * packages, which may be uploaded while the worker runs, and those that nobody provides, which fail at once.
 */
function operationActivities({ environment, payloads, observers = [], ...sources }: ActivityDependencies): Activities {
  const runs = new BegunRuns(payloads);
  const definitions = new Definitions(sources);
  const run = async (request: OperationRequest, traceparent?: string) => {
    const definition = await definitions.find(activityInfo().activityType, request);
    return await runOperation(definition, request, environment, traceparent);
  };
  const perform = async (sent: OperationRequest | LeanRequest): Promise<unknown> => {
    const request = await wholeRequest(sent, runs);
    if (observers.length === 0) return await run(request);
    return await observedOperation(activityInfo().activityType, run, observers)(request);
  };
  return Object.fromEntries([...definitions.types, 'default'].map((type) => [type, perform]));
}
