/** The activities of a worker: one per plugin operation, and those that the workflows keep house with. */
import { ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { Plugin } from '../plugins/sdk/define.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import type { LeanRequest } from '../workflows/lean-request.js';
import { BegunRuns } from './begun-runs.js';
import type { OperationEnvironment } from './environment.js';
import type { PayloadReader } from './history.js';
import { journalActivities } from './journal.js';
import { metricsActivities } from './metrics-query.js';
import { type Observer, observedOperation } from './observe.js';
import { recoveryActivities } from './recover.js';
import type { OperationRequest } from './request.js';
import { runOperation } from './run-operation.js';
import { servicesActivities } from './services.js';
import { wholeRequest } from './whole-request.js';
import { workflowScriptActivities } from './workflow-script.js';

export interface ActivityDependencies {
  readonly plugins: readonly Plugin[];
  readonly store: ArtifactStore;
  readonly payloads: PayloadReader;
  readonly environment: OperationEnvironment;
  /** Address of the Prometheus that policies ask which name none. */
  readonly prometheus?: string | undefined;
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
    ...workflowScriptActivities(dependencies.environment),
    // Temporal gives the calls of unknown activities to this one. Failing at once beats retrying for ever.
    default: async () => {
      const { activityType } = activityInfo();
      throw ApplicationFailure.nonRetryable(
        `no plugin of this worker provides ${activityType}; see: caisson plugins list`,
        'UnknownOperation',
      );
    },
  };
}

function operationActivities({ plugins, environment, payloads, observers = [] }: ActivityDependencies): Activities {
  const runs = new BegunRuns(payloads);
  const activities: Activities = {};
  for (const plugin of plugins) {
    for (const [name, definition] of Object.entries(plugin.operations)) {
      const type = `${plugin.name}.${name}`;
      if (activities[type]) throw new Error(`two plugins define the operation ${type}`);
      const run = async (request: OperationRequest) => await runOperation(definition, request, environment);
      const watched = observers.length === 0 ? run : observedOperation(type, run, observers);
      activities[type] = async (sent: OperationRequest | LeanRequest) => await watched(await wholeRequest(sent, runs));
    }
  }
  return activities;
}
