/** The relationships of a node template. */
import { type Json, type JsonObject, member, objectMember, textMember } from './json.js';
import type { Templating } from './node-templates.js';
import { readTemplateInterfaces } from './operations.js';
import type { PlanRelationship } from './plan.js';
import { CONTAINED_IN } from './relationship-types.js';
import { completeValues } from './schema.js';
import { suggestion } from './suggestion.js';
import { type PlannedInterfaces, plannedInterfaces } from './template-interfaces.js';

const ON_LIFECYCLE_OPERATION = 'cloudify.relationships.depends_on_lifecycle_operation';

/** @param section all node templates, among which the targets are */
export function readRelationships(
  node: string,
  raw: readonly Json[],
  section: JsonObject,
  templating: Templating,
): PlanRelationship[] {
  const { cx } = templating;
  const relationships: PlanRelationship[] = [];
  for (const [index, item] of raw.entries()) {
    const own = readRelationship(node, index, item, section, templating);
    if (own) relationships.push(own);
  }
  const contained = relationships.filter(({ type_hierarchy }) => type_hierarchy.includes(CONTAINED_IN));
  if (contained.length > 1)
    cx.report(
      'C2064',
      `node_templates.${node} is contained in several: ${contained.map(({ target_id }) => target_id).join(', ')}`,
      cx.positions.of(raw),
    );
  return relationships;
}

function readRelationship(
  node: string,
  index: number,
  raw: Json,
  section: JsonObject,
  { cx, dataTypes, relationshipTypes, plugins }: Templating,
): PlanRelationship | undefined {
  const { positions, report } = cx;
  const owner = `node_templates.${node}.relationships[${index}]`;
  const [typeName, target] = [textMember(raw, 'type'), textMember(raw, 'target')];
  if (typeName === undefined || target === undefined) return undefined;
  const targetAt = positions.ofValue(raw, 'target');
  const hasTarget = Object.hasOwn(section, target);
  if (!hasTarget)
    report(
      'C2062',
      `${owner} points at ${target}, which is no node template`,
      targetAt,
      suggestion(target, Object.keys(section)),
    );
  if (target === node) report('C2061', `${owner} points at its own node template`, targetAt);
  const type = relationshipTypes.get(typeName);
  if (!type) {
    if (!relationshipTypes.names.includes(typeName))
      report(
        'C2063',
        `${owner} is of type ${typeName}, which there is not`,
        positions.ofValue(raw, 'type'),
        suggestion(typeName, relationshipTypes.names),
      );
    return undefined;
  }
  if (!hasTarget || target === node) return undefined;
  const at = positions.of(raw);
  const given = objectMember(raw, 'properties');
  const properties = completeValues(
    given,
    type.properties,
    { cx, dataTypes, owner: `${owner}.properties`, whole: true },
    positions.ofKey(raw, 'properties') ?? at,
  );
  if (typeName === ON_LIFECYCLE_OPERATION) checkLifecycleOperation(owner, given, section[target] as Json);
  const planned = (side: 'source' | 'target'): PlannedInterfaces => {
    const path = `${owner}.${side}_interfaces`;
    const own = readTemplateInterfaces(member(raw, `${side}_interfaces`), path, cx);
    return plannedInterfaces(type[side], own, { owner: path, at, code: 'C2081', plugins, cx });
  };
  const [source, targetSide] = [planned('source'), planned('target')];
  return {
    type: typeName,
    target_id: target,
    type_hierarchy: type.hierarchy,
    properties,
    source_interfaces: source.interfaces,
    target_interfaces: targetSide.interfaces,
    source_operations: source.operations,
    target_operations: targetSide.operations,
  };

  function checkLifecycleOperation(path: string, values: JsonObject, template: Json): void {
    const operation = textMember(values, 'operation');
    if (operation === undefined) {
      // Where the property has no default, its absence is told already.
      if (Object.hasOwn(properties, 'operation'))
        report(
          'C2070',
          `${path} needs the property operation`,
          at,
          'the lifecycle operation of the target to wait for',
        );
      return;
    }
    const lifecycle = objectMember(objectMember(template, 'interfaces'), 'cloudify.interfaces.lifecycle');
    if (!Object.hasOwn(lifecycle, operation))
      report('C2071', `${path}: node template ${target} does not declare the operation ${operation} itself`, at);
  }
}
