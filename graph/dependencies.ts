/** Which deployments use which: said by labels, by functions that read another deployment, by nodes that stand for one. */
import { functionCall } from '../blueprint/intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, objectMember, textMember } from '../blueprint/json.js';
import type { DeploymentPlan, PlanNode } from '../blueprint/plan.js';

/** The label by which a deployment names those that it uses as its environments. */
export const PARENT = 'csys-obj-parent';

/** A deployment that another one uses. */
export interface Dependency {
  readonly deployment: string;
  /** `parent`: it is the environment, by label; `capability`: one of its capabilities is read; else the kind of node. */
  readonly by: 'parent' | 'capability' | 'shared_resource' | 'component';
  /** The capability that is read. */
  readonly capability?: string;
}

/** It is the environment of the other. */
export const isParent = ({ by }: Dependency): boolean => by === 'parent';

/** A deployment and those that it uses. */
export interface DeploymentLinks {
  readonly id: string;
  readonly depends_on: readonly Dependency[];
}

/** As a memo holds it: the server drops empty lists, and what is not told has to be asked for. */
export type DependsOnMemo = readonly Dependency[] | false;

export function dependsOnMemo(depends_on: readonly Dependency[]): DependsOnMemo {
  return depends_on.length > 0 ? depends_on : false;
}

/** Labels by name: those of the blueprint, and in their place those that the deployment was made with. */
export function labelsOf({ labels }: Pick<DeploymentPlan, 'labels'>, given: JsonObject = {}): JsonObject {
  const own = Object.entries(labels ?? {}).map(([key, label]) => [key, member(label, 'values') ?? []]);
  return { ...Object.fromEntries(own), ...given };
}

/** What a deployment of the plan depends on, as far as the plan says it in plain words; each once. */
export function dependenciesOf(plan: DeploymentPlan, labels: JsonObject): readonly Dependency[] {
  const parents = labels[PARENT];
  const found: Dependency[] = (Array.isArray(parents) ? parents : [parents])
    .filter((one) => typeof one === 'string')
    .map((deployment) => ({ deployment, by: 'parent' }));
  // The plan tells whether there is such a function at all: few have one, and plans are long.
  if ((plan.inter_deployment_functions ?? []).length > 0) capabilitiesRead(plan as unknown as Json, found);
  for (const node of plan.nodes) {
    const deployment = textMember(objectMember(objectMember(node.properties, 'resource_config'), 'deployment'), 'id');
    const by = standsFor(node);
    if (by !== undefined && deployment !== undefined && deployment !== '') found.push({ deployment, by });
  }
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}

function standsFor({ type_hierarchy }: PlanNode): 'shared_resource' | 'component' | undefined {
  if (type_hierarchy.includes('cloudify.nodes.SharedResource')) return 'shared_resource';
  return type_hierarchy.includes('cloudify.nodes.Component') ? 'component' : undefined;
}

function capabilitiesRead(value: Json, found: Dependency[]): void {
  if (typeof value !== 'object' || value === null) return;
  const call = functionCall(value);
  if (call?.name === 'get_capability' && Array.isArray(call.argument)) {
    const [deployment, capability] = call.argument as readonly Json[];
    if (typeof deployment === 'string')
      found.push({
        deployment,
        by: 'capability',
        ...(typeof capability === 'string' ? { capability } : {}),
      });
  }
  for (const item of isObject(value) ? Object.values(value) : (value as readonly Json[])) capabilitiesRead(item, found);
}

/** Those that use a deployment, itself left out. */
export function dependentsOf<Links extends DeploymentLinks>(links: readonly Links[], id: string): readonly Links[] {
  return links
    .map((one) => ({ ...one, depends_on: one.depends_on.filter(({ deployment }) => deployment === id) }))
    .filter((one) => one.id !== id && one.depends_on.length > 0);
}

/** Those that use a deployment as their environment, and those that use these, and so on. */
export function servicesOf(links: readonly DeploymentLinks[], id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (const one of found)
    for (const link of links)
      if (link.depends_on.some((used) => isParent(used) && used.deployment === one)) found.add(link.id);
  found.delete(id);
  return found;
}

/** Environments of a deployment-to-be that have itself as their environment, however far away: such is a circle. */
export function circle(links: readonly DeploymentLinks[], own: DeploymentLinks): readonly string[] {
  const services = servicesOf([...links.filter(({ id }) => id !== own.id), own], own.id);
  const parents = own.depends_on.filter(isParent).map(({ deployment }) => deployment);
  return parents.filter((parent) => parent === own.id || services.has(parent));
}

/** One line for people: who depends on it, and how. */
export function dependentText({ id, depends_on }: DeploymentLinks): string {
  const ways = depends_on.map(({ by, capability }) => {
    if (by === 'parent') return 'uses it as its environment';
    if (by === 'capability') return `reads its capability${capability === undefined ? '' : ` ${capability}`}`;
    return by === 'component' ? 'has it as a component' : 'shares it as a resource';
  });
  return `${id} (${[...new Set(ways)].join(', ')})`;
}
