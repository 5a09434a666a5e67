/** What requests are made from: an execution as its workflow knows it, or as a worker has read it from the history. */
import type { DeploymentPlan } from '../blueprint/plan.js';
import type { NodeInstance } from '../graph/state.js';
import type { Topology } from '../graph/topology.js';
import type { BlueprintReference, ExecutionInput, ExecutionOptions } from './messages.js';

export interface RequestSource {
  /** The execution's. */
  readonly id: string;
  readonly input: Pick<ExecutionInput, 'deployment_id' | 'request'>;
  readonly options: ExecutionOptions;
  readonly blueprint: BlueprintReference;
  readonly plan: DeploymentPlan;
  readonly topology: Topology;
  instance(id: string): NodeInstance;
  instancesOf(nodeId: string): readonly NodeInstance[];
}
