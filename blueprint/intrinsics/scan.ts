/** Everywhere in a plan where functions are looked for, each with what SELF, SOURCE and TARGET mean there. */
import type { Place } from '../diagnostics.js';
import { type Json, type JsonObject, mapEntries, mapItems } from '../json.js';
import { mappedOf } from '../mapped-operations.js';
import type {
  Operation,
  Operations,
  ParsedPlan,
  PlanNode,
  PlanOutput,
  PlanRelationship,
  ScalingGroup,
} from '../plan.js';
import type { Positions } from '../positions.js';
import { holdsFunction } from './call.js';
import type { EvaluationScope } from './scope.js';

export interface ScanScope {
  /** `outputs` and the rest know no SELF; they differ in how Cloudify refuses it. */
  readonly kind: 'node' | 'relationship' | 'outputs' | 'other';
  /** As messages call it: `node_templates.vm.properties`. */
  readonly owner: string;
  readonly ends: Pick<EvaluationScope, 'self' | 'source' | 'target'>;
  /** For an operation's inputs: under how many names the operation stands. */
  readonly names?: number;
  /** Where the scanned value was written, if the value itself does not tell. */
  readonly place?: (positions: Positions) => Place | undefined;
}

/** Puts another value in place of a scanned one. */
export type Visit = (value: Json, scope: ScanScope) => Json;

/** The plan with every scanned value replaced by what `visit` returns for it. */
export function scanPlan<P extends ParsedPlan>(plan: P, visit: Visit): P {
  return {
    ...plan,
    nodes: mapItems(plan.nodes, (node) => scanNode(node, visit)),
    outputs: scanOutputs(plan.outputs, { kind: 'outputs', owner: 'outputs', ends: {} }, visit),
    policies: visit(plan.policies, other('policies')) as JsonObject,
    scaling_groups: mapEntries(plan.scaling_groups, (group, name) => scanGroup(group, name, visit)),
    capabilities: scanOutputs(plan.capabilities, other('capabilities'), visit),
    labels: visit(plan.labels, other('labels')) as JsonObject,
    deployment_settings: visit(plan.deployment_settings, other('deployment_settings')) as JsonObject,
  };
}

const other = (owner: string): ScanScope => ({ kind: 'other', owner, ends: {} });

function scanNode(node: PlanNode, visit: Visit): PlanNode {
  const owner = `node_templates.${node.name}`;
  const scope = (inner: string): ScanScope => ({ kind: 'node', owner: `${owner}.${inner}`, ends: { self: node.name } });
  const written = node.capabilities.scalable.properties as unknown as Json;
  const numbers = visit(written, scope('capabilities'));
  const properties = visit(node.properties, scope('properties')) as JsonObject;
  const operations = scanOperations(node.operations, scope('interfaces'), visit);
  const relationships = mapItems(node.relationships, (relationship) => scanRelationship(node, relationship, visit));
  const same =
    numbers === written &&
    properties === node.properties &&
    operations === node.operations &&
    relationships === node.relationships;
  if (same) return node;
  const capabilities = { ...node.capabilities, scalable: { properties: numbers as never } };
  return { ...node, properties, capabilities, operations, relationships };
}

function scanRelationship(node: PlanNode, relationship: PlanRelationship, visit: Visit): PlanRelationship {
  const scope: ScanScope = {
    kind: 'relationship',
    owner: `node_templates.${node.name}.relationships (${relationship.target_id})`,
    ends: { source: node.name, target: relationship.target_id },
  };
  const source_operations = scanOperations(relationship.source_operations, scope, visit);
  const target_operations = scanOperations(relationship.target_operations, scope, visit);
  const same =
    source_operations === relationship.source_operations && target_operations === relationship.target_operations;
  return same ? relationship : { ...relationship, source_operations, target_operations };
}

/** An operation stands under two names: it is scanned once, and stays one. */
function scanOperations(operations: Operations, scope: ScanScope, visit: Visit): Operations {
  let changed: Record<string, Operation> | undefined;
  for (const { names, operation } of functionalOf(operations)) {
    const owner = `${scope.owner}.${names[0]}`;
    const inputs = visit(operation.inputs, { ...scope, owner, names: names.length });
    if (inputs === operation.inputs) continue;
    changed ??= { ...operations };
    const own = { ...operation, inputs: inputs as JsonObject };
    for (const name of names) changed[name] = own;
  }
  return changed ?? operations;
}

interface Functional {
  readonly operation: Operation;
  /** Under which it stands in the operations. */
  readonly names: readonly string[];
}

/** Operations with functions in their inputs. Remembered: what a type has is the same in all of its templates. */
const FUNCTIONAL = new WeakMap<Operations, readonly Functional[]>();

export function functionalOf(operations: Operations): readonly Functional[] {
  let functional = FUNCTIONAL.get(operations);
  if (!functional) {
    functional = mappedOf(operations).flatMap((operation) =>
      holdsFunction(operation.inputs) ? [{ operation, names: namesOf(operation, operations) }] : [],
    );
    FUNCTIONAL.set(operations, functional);
  }
  return functional;
}

function namesOf(operation: Operation, operations: Operations): string[] {
  return Object.keys(operations).filter((name) => operations[name] === operation);
}

function scanOutputs(
  outputs: Readonly<Record<string, PlanOutput>>,
  scope: ScanScope,
  visit: Visit,
): Readonly<Record<string, PlanOutput>> {
  return mapEntries(outputs, (output, name) => ({
    ...output,
    value: visit(output.value, { ...scope, owner: `${scope.owner}.${name}` }),
  }));
}

function scanGroup(group: ScalingGroup, name: string, visit: Visit): ScalingGroup {
  const properties = visit(group.properties as unknown as Json, other(`scaling_groups.${name}`));
  return { ...group, properties: properties as unknown as ScalingGroup['properties'] };
}
