/** `workflows`: what can be executed on a deployment. */
import type { Compilation } from './compilation.js';
import { readConstraints } from './constraints.js';
import { isObject, type Json, type JsonObject, member, textMember } from './json.js';
import { RUN_WORKFLOW_SCRIPT, resolveMapping } from './mapping.js';
import type { PlanPlugin, PlanWorkflow } from './plan.js';
import { type DataTypes, definitionsAsked, readSchema } from './schema.js';

export function readWorkflows(
  section: Json | undefined,
  plugins: readonly PlanPlugin[],
  cx: Compilation,
  dataTypes: DataTypes,
): Record<string, PlanWorkflow> {
  const workflows: Record<string, PlanWorkflow> = {};
  if (!isObject(section)) return workflows;
  for (const name of Object.keys(section)) {
    const workflow = readWorkflow(name, section, plugins, cx, dataTypes);
    if (workflow) workflows[name] = workflow;
  }
  return workflows;
}

function readWorkflow(
  name: string,
  section: JsonObject,
  plugins: readonly PlanPlugin[],
  cx: Compilation,
  dataTypes: DataTypes,
): PlanWorkflow | undefined {
  const raw = section[name] as Json;
  const owner = `workflows.${name}`;
  const implementation = typeof raw === 'string' ? raw : textMember(raw, 'mapping');
  if (implementation === undefined) return undefined;
  const at = typeof raw === 'string' ? cx.positions.ofValue(section, name) : cx.positions.ofValue(raw, 'mapping');
  const parameters = readParameters(isObject(raw) ? member(raw, 'parameters') : undefined, owner, cx, dataTypes);
  const rules = isObject(raw) ? (member(raw, 'availability_rules') ?? null) : null;
  const mapping = resolveMapping(
    {
      implementation,
      inputs: parameters,
      executor: null,
      owner,
      at,
      code: 'C2082',
      scriptOperation: RUN_WORKFLOW_SCRIPT,
    },
    plugins,
    cx,
  );
  return {
    plugin: mapping?.plugin ?? '',
    operation: mapping?.operation ?? '',
    parameters: { ...parameters, ...scriptParameters(mapping?.script ?? {}) },
    is_cascading: member(raw, 'is_cascading') === true,
    availability_rules: rules,
  };
}

function readParameters(raw: Json | undefined, owner: string, cx: Compilation, dataTypes: DataTypes): JsonObject {
  if (!isObject(raw)) return {};
  const schema = readSchema(raw, `${owner}.parameters`, cx, dataTypes);
  for (const [name, value] of Object.entries(raw)) readConstraints(value, `${owner}.parameters.${name}`, cx);
  return definitionsAsked(schema);
}

/** Where a workflow's script is, in the form of a parameter. */
function scriptParameters(inputs: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      { default: value, description: 'Workflow script executed by the script plugin' },
    ]),
  );
}

/** Plugins of the workflows, in the order of their first use. */
export function workflowPlugins(
  workflows: Readonly<Record<string, PlanWorkflow>>,
  plugins: readonly PlanPlugin[],
): PlanPlugin[] {
  const names = new Set(Object.values(workflows).map(({ plugin }) => plugin));
  return [...names].flatMap((name) => plugins.find((plugin) => plugin.name === name) ?? []);
}
