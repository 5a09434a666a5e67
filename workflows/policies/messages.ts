/** What deployments, clients and the evaluation of a deployment's policies say to each other. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { JsonObject } from '../../blueprint/json.js';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import type { Standing } from '../../graph/policies/standing.js';
import type { NodeInstance } from '../../graph/state.js';
import type { BlueprintReference, PauseRecord } from '../messages.js';

/** What stands for an execution in the requests of policies' checks, which belong to none: nothing of them is kept. */
export const POLICY_CHECKS = 'policies';

export const policiesWorkflowId = (deploymentId: string): string => `policies/${deploymentId}`;

/** Starts a `policies` workflow: one for each deployment whose blueprint has policies. */
export interface PoliciesInput {
  readonly deployment_id: string;
  readonly blueprint: BlueprintReference;
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  /** Of the latest {@link DeploymentChange} that this is up to. */
  readonly sequence: number;
  readonly search_attributes: boolean;
  /** Length of the history at which it continues as new. @default 1000 */
  readonly max_events?: number;
  /** Carried over continue-as-new. */
  readonly standings?: Readonly<Record<string, Standing>>;
  readonly happenings?: readonly PolicyHappening[];
  readonly paused?: PauseRecord;
  readonly running?: string | null;
  readonly looked_at?: Readonly<Record<string, number>>;
}

/** A deployment tells what has become of it. */
export interface DeploymentChange {
  /** Grows; what is older than what is known already is passed over. */
  readonly sequence: number;
  /** Execution that runs now. Nothing is looked at meanwhile. */
  readonly running: string | null;
  readonly instances?: readonly NodeInstance[];
  readonly plan?: DeploymentPlan;
  readonly blueprint?: BlueprintReference;
  /** What ended was an execution of `check_status`. */
  readonly checked?: boolean;
  /** The deployment has ended. */
  readonly gone?: boolean;
}

/** What looks learned about instances: taken over unless these have changed since. */
export interface Observation {
  readonly id: string;
  /** Version of the instance that was looked at. */
  readonly version: number;
  readonly system_properties: JsonObject;
  readonly runtime_properties: JsonObject;
}

export interface PolicyHappening {
  /** RFC 3339 */
  readonly at: string;
  /** `group/policy` */
  readonly policy: string;
  /** Node instance, or the group. */
  readonly subject: string;
  readonly message: string;
  /** Execution that it started. */
  readonly execution_id?: string;
}

export interface PolicyView {
  readonly group: string;
  readonly policy: string;
  readonly type: string;
  readonly watches: 'health' | 'metric' | 'unsupported';
  readonly nodes: readonly string[];
  /** Seconds. */
  readonly interval: number;
  readonly workflows: readonly string[];
  /** By subject: node instances, or the group. */
  readonly standings: Readonly<Record<string, Standing>>;
}

export interface PoliciesView {
  readonly deployment_id: string;
  readonly paused: PauseRecord | null;
  readonly policies: readonly PolicyView[];
  /** The latest ones, oldest first. */
  readonly happenings: readonly PolicyHappening[];
}

/** Why an execution was started by a policy. */
export interface PolicyCause {
  readonly group: string;
  readonly policy: string;
  readonly trigger: string;
  readonly subject: string;
  /** In words. */
  readonly reason: string;
}

export const deploymentChangedSignal = defineSignal<[DeploymentChange]>('deployment_changed');
/** To a deployment: see {@link Observation}. */
export const observedSignal = defineSignal<[readonly Observation[]]>('observed');
export const policiesQuery = defineQuery<PoliciesView>('policies');
/** Stops or continues the evaluation. */
export const pausePoliciesUpdate = defineUpdate<
  void,
  [{ readonly on: boolean; readonly by: string; readonly comment?: string }]
>('pause_policies');
/** Forgets what fired: who gave up begins anew. Answers how many standings were reset. */
export const resetPoliciesUpdate = defineUpdate<
  { readonly reset: number },
  [{ readonly policy?: string; readonly by: string }]
>('reset_policies');
