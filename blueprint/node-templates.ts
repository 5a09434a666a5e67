/** `node_templates`: completed against their types, with relationships, operations, hosts and plugins. */
import type { At, Compilation } from './compilation.js';
import type { Resolved } from './derivation.js';
import { isObject, type Json, type JsonObject, listMember, member, objectMember, textMember } from './json.js';
import { mappedOf } from './mapped-operations.js';
import { isHostType, type NodeType } from './node-types.js';
import { readTemplateInterfaces } from './operations.js';
import type { PlanNode, PlanPlugin, PlanRelationship } from './plan.js';
import { pluginsOf, uniqueByName, withExecutor } from './plugins.js';
import type { RelationshipType } from './relationship-types.js';
import { readRelationships } from './relationships.js';
import { readTemplateScalable } from './scalable.js';
import { completeValues, type DataTypes } from './schema.js';
import { suggestion } from './suggestion.js';
import { plannedInterfaces } from './template-interfaces.js';

export interface Templating {
  readonly cx: Compilation;
  readonly dataTypes: DataTypes;
  readonly nodeTypes: Resolved<NodeType>;
  readonly relationshipTypes: Resolved<RelationshipType>;
  readonly plugins: readonly PlanPlugin[];
}

/** A template before its place among the others is known: hosts and plugins come last. */
type DraftNode = Omit<PlanNode, 'plugins' | 'deployment_plugins_to_install' | 'capabilities'> & {
  readonly capabilities: JsonObject;
  readonly isHost: boolean;
  readonly at: At;
};

export function readNodeTemplates(section: Json | undefined, templating: Templating): PlanNode[] {
  const raw = isObject(section) ? section : {};
  const drafts: DraftNode[] = [];
  for (const [name, template] of Object.entries(raw)) {
    const draft = readTemplate(name, isObject(template) ? template : {}, raw, templating);
    if (draft) drafts.push(draft);
  }
  refuseCircles(drafts, templating.cx);
  const hosts = hostsOf(drafts);
  return withPlugins(drafts, hosts, templating);
}

function readTemplate(
  name: string,
  raw: JsonObject,
  section: JsonObject,
  templating: Templating,
): DraftNode | undefined {
  const { cx, dataTypes, nodeTypes, plugins } = templating;
  const owner = `node_templates.${name}`;
  const at = cx.positions.ofKey(section, name);
  const typeName = textMember(raw, 'type');
  if (typeName === undefined) return undefined;
  const type = nodeTypes.get(typeName);
  if (!type) {
    if (!nodeTypes.names.includes(typeName))
      cx.report(
        'C2060',
        `${owner} is of type ${typeName}, which there is not`,
        cx.positions.ofValue(raw, 'type'),
        suggestion(typeName, nodeTypes.names),
      );
    // What does not depend on the type is told all the same.
    readRelationships(name, listMember(raw, 'relationships'), section, templating);
    return undefined;
  }
  const properties = completeValues(
    objectMember(raw, 'properties'),
    type.properties,
    { cx, dataTypes, owner: `${owner}.properties`, whole: true },
    cx.positions.ofKey(raw, 'properties') ?? at,
  );
  const given = readTemplateInterfaces(member(raw, 'interfaces'), owner, cx);
  const planned = plannedInterfaces(type.interfaces, given, { owner, at, code: 'C2080', plugins, cx });
  return {
    id: name,
    name,
    type: typeName,
    type_hierarchy: type.hierarchy,
    properties,
    interfaces: planned.interfaces,
    operations: planned.operations,
    relationships: readRelationships(name, listMember(raw, 'relationships'), section, templating),
    capabilities: { scalable: { properties: readTemplateScalable(raw, owner, cx) } },
    instances: objectMember(raw, 'instances'),
    isHost: isHostType(type),
    at,
  };
}

function refuseCircles(drafts: readonly DraftNode[], cx: Compilation): void {
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const settled = new Set<string>();
  for (const { name: start } of drafts) {
    // Depth first without recursion: a chain of ten thousand templates is legal.
    const path: { readonly name: string; next: number }[] = [];
    const onPath = new Set<string>();
    const enter = (name: string) => {
      path.push({ name, next: 0 });
      onPath.add(name);
    };
    if (!settled.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const target = byName.get(top.name)?.relationships[top.next]?.target_id;
      top.next += 1;
      if (target === undefined) {
        settled.add(top.name);
        onPath.delete(top.name);
        path.pop();
      } else if (onPath.has(target)) {
        const names = path.map(({ name }) => name);
        const circle = [...names.slice(names.indexOf(target)), target].join(' → ');
        cx.report('C2040', `node templates depend on each other in a circle: ${circle}`, byName.get(target)?.at);
      } else if (byName.has(target) && !settled.has(target)) enter(target);
    }
  }
}

/** Template → the template that hosts it: itself, or the nearest host that it is contained in. */
function hostsOf(drafts: readonly DraftNode[]): ReadonlyMap<string, string> {
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  const hosts = new Map<string, string>();
  for (const { name } of drafts) {
    const seen = new Set<string>();
    let current = byName.get(name);
    while (current && !current.isHost && !seen.has(current.name)) {
      seen.add(current.name);
      const container = containerOf(current);
      current = container === undefined ? undefined : byName.get(container);
    }
    if (current?.isHost) hosts.set(name, current.name);
  }
  return hosts;
}

export function containerOf({ relationships }: Pick<PlanNode, 'relationships'>): string | undefined {
  return relationships.find(({ type_hierarchy }) => type_hierarchy.includes('cloudify.relationships.contained_in'))
    ?.target_id;
}

function withPlugins(
  drafts: readonly DraftNode[],
  hosts: ReadonlyMap<string, string>,
  { cx, plugins }: Templating,
): PlanNode[] {
  const incoming = new Map<string, PlanRelationship[]>();
  for (const { relationships } of drafts)
    for (const relationship of relationships)
      (incoming.get(relationship.target_id) ?? added(incoming, relationship.target_id)).push(relationship);
  const needed = new Map<string, PlanPlugin[]>();
  const hosted = new Map<string, PlanPlugin[]>();
  for (const draft of drafts) {
    const operations = [
      ...mappedOf(draft.operations),
      ...draft.relationships.flatMap(({ source_operations }) => mappedOf(source_operations)),
      ...(incoming.get(draft.name) ?? []).flatMap(({ target_operations }) => mappedOf(target_operations)),
    ];
    const own = pluginsOf(operations, plugins);
    needed.set(draft.name, own);
    const agents = withExecutor(own, 'host_agent');
    const host = hosts.get(draft.name);
    if (host !== undefined) (hosted.get(host) ?? added(hosted, host)).push(...agents);
    else if (agents.length > 0)
      cx.report(
        'C2065',
        `node_templates.${draft.name} needs plugin ${agents[0]?.name} on its host, and is contained in none`,
        draft.at,
        'relate it to a host by cloudify.relationships.contained_in, or use executor: central_deployment_agent',
      );
  }
  return drafts.map(({ isHost, at: _, ...draft }): PlanNode => {
    const own = needed.get(draft.name) ?? [];
    const host = hosts.get(draft.name);
    return {
      ...draft,
      capabilities: draft.capabilities as unknown as PlanNode['capabilities'],
      ...(host === undefined ? {} : { host_id: host }),
      plugins: own,
      deployment_plugins_to_install: uniqueByName(withExecutor(own, 'central_deployment_agent')),
      ...(isHost ? { plugins_to_install: uniqueByName(hosted.get(draft.name) ?? []) } : {}),
    };
  });
}

function added<T>(lists: Map<string, T[]>, key: string): T[] {
  const list: T[] = [];
  lists.set(key, list);
  return list;
}
