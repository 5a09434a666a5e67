/** What functions may look at that is the same everywhere in a deployment: inputs, labels, the system's own values. */
import type { DeploymentPlan } from '../plan.js';
import type { EvaluationScope } from './scope.js';

export interface DeploymentNames {
  readonly deployment: string;
  readonly blueprint: string;
}

export function deploymentScope(
  { inputs, labels }: Pick<DeploymentPlan, 'inputs' | 'labels'>,
  { deployment, blueprint }: DeploymentNames,
): Pick<EvaluationScope, 'inputs' | 'label' | 'sys'> {
  return {
    inputs,
    label: (key) => (labels[key] as { values?: readonly string[] } | undefined)?.values,
    sys(entity, property) {
      if (entity === 'tenant' && property === 'name') return 'default_tenant';
      if (entity !== 'deployment') return undefined;
      if (property === 'id' || property === 'name') return deployment;
      return property === 'blueprint' ? blueprint : undefined;
    },
  };
}
