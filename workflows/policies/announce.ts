/** A deployment's side of its policies: starts their evaluation when there is something to watch, and tells it of every change. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { getExternalWorkflowHandle, ParentClosePolicy, patched, startChild } from '@temporalio/workflow';
import { hasPolicies } from '../../graph/policies/rules.js';
import type { NodeInstance } from '../../graph/state.js';
import { foundBy } from '../found-by.js';
import type { DeploymentInput } from '../messages.js';
import {
  type DeploymentChange,
  deploymentChangedSignal,
  type Observation,
  type PoliciesInput,
  policiesWorkflowId,
} from './messages.js';

type Model = Pick<PoliciesInput, 'plan' | 'blueprint' | 'instances'>;

export class PolicyAnnouncer {
  readonly #input: DeploymentInput;
  readonly #model: () => Model;
  /** The latest change that was told; undefined: nobody evaluates. */
  #sequence: number | undefined;
  /** One message after the other. */
  #told: Promise<void> = Promise.resolve();

  constructor(input: DeploymentInput, model: () => Model) {
    this.#input = input;
    this.#model = model;
    this.#sequence = input.policies?.sequence;
  }

  /** What continues as new. */
  get carried(): Pick<DeploymentInput, 'policies'> {
    return this.#sequence === undefined ? {} : { policies: { sequence: this.#sequence } };
  }

  /** Resolves when what there was to tell is told. */
  async settled(): Promise<void> {
    await this.#told;
  }

  executionBegins(id: string): void {
    this.#tell({ running: id });
  }

  executionEnded(workflow: string): void {
    const { plan, blueprint, instances } = this.#model();
    if (this.#sequence === undefined) this.#start();
    else
      this.#tell({
        running: null,
        instances,
        plan,
        blueprint,
        ...(workflow === 'check_status' ? { checked: true } : {}),
      });
  }

  instancesChanged(): void {
    this.#tell({ running: null, instances: this.#model().instances });
  }

  /** The deployment ends. Resolves when that is told. */
  async gone(): Promise<void> {
    this.#tell({ running: null, gone: true });
    await this.#told;
  }

  #start(): void {
    const { plan, blueprint, instances } = this.#model();
    if (!hasPolicies(plan) || !instances.some(({ state }) => state === 'started') || !patched('policies')) return;
    this.#sequence = 0;
    const { id, search_attributes } = this.#input;
    const args: [PoliciesInput] = [{ deployment_id: id, blueprint, plan, instances, sequence: 0, search_attributes }];
    this.#told = startChild('policies', {
      workflowId: policiesWorkflowId(id),
      args,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `policies of ${id}`,
      memo: { deployment: id, blueprint: blueprint.id },
      ...(search_attributes ? { typedSearchAttributes: foundBy(id, blueprint.id, 'policies') } : {}),
    }).then(
      () => undefined,
      (error) => {
        // One of an earlier deployment of this name, that was ended from outside: it is taken over.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        this.#sequence = Date.now();
        this.#tell({ running: null, plan, blueprint, instances });
      },
    );
  }

  #tell(change: Omit<DeploymentChange, 'sequence'>): void {
    if (this.#sequence === undefined) return;
    this.#sequence += 1;
    const message: DeploymentChange = { ...change, sequence: this.#sequence };
    this.#told = this.#told.then(async () => {
      const evaluation = getExternalWorkflowHandle(policiesWorkflowId(this.#input.id));
      await evaluation.signal(deploymentChangedSignal, message).catch(() => {
        // Somebody has ended it from outside: another one begins with the next execution that ends.
        this.#sequence = undefined;
      });
    });
  }
}

/** Takes over what looks learned about instances, unless these have changed since. */
export function observed(
  instances: readonly NodeInstance[],
  observations: readonly Observation[],
): readonly NodeInstance[] {
  const byId = new Map(observations.map((one) => [one.id, one]));
  return instances.map((instance) => {
    const news = byId.get(instance.id);
    if (news?.version !== instance.version) return instance;
    const { system_properties, runtime_properties } = news;
    return { ...instance, system_properties, runtime_properties, version: instance.version + 1 };
  });
}
