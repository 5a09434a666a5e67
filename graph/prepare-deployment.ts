/** From a compiled blueprint to a deployment: inputs bound, what can be evaluated now evaluated, instances planned. */

import { type Diagnostic, diagnosticOf, type Problem } from '../blueprint/diagnostics.js';
import { type BindOptions, bindInputs } from '../blueprint/inputs.js';
import { functionCall, holdsFunction, isFunctionCall } from '../blueprint/intrinsics/call.js';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import { functionalOf, scanPlan } from '../blueprint/intrinsics/scan.js';
import { type EvaluationScope, FunctionEvaluationError } from '../blueprint/intrinsics/scope.js';
import { codeOf } from '../blueprint/intrinsics/validate.js';
import { isObject, type Json, type JsonObject, mapItems } from '../blueprint/json.js';
import type { DeploymentPlan, Operation, Operations, ParsedPlan, PlanNode } from '../blueprint/plan.js';
import { locator } from '../blueprint/positions.js';
import { isInteger } from '../blueprint/scalable.js';
import { planInstances } from './instances.js';

export interface DeploymentOptions extends BindOptions {
  /** Evenly distributed in [0, 1): makes the suffixes of instance ids. */
  readonly random: () => number;
  /** Nothing is evaluated now, all of it when operations run. @default false */
  readonly runtimeOnlyEvaluation?: boolean;
  /** Whether a secret exists; absent: secrets are taken to exist. */
  readonly secretExists?: (key: string) => boolean;
  /** Texts of the files in which inputs were written, by location: for lines and columns. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Instance ids that are taken. */
  readonly takenIds?: ReadonlySet<string>;
}

export interface DeploymentResult {
  /** Absent when there are diagnostics. */
  readonly plan?: DeploymentPlan;
  readonly diagnostics: readonly Diagnostic[];
}

export function prepareDeployment(
  parsed: ParsedPlan,
  inputs: JsonObject,
  options: DeploymentOptions,
): DeploymentResult {
  const bound = bindInputs(parsed, inputs, options);
  const problems: Problem[] = [...bound.problems];
  const refused = (): DeploymentResult => {
    const positionOf = locator(options.sources ?? new Map());
    return { diagnostics: problems.map((problem) => diagnosticOf(problem, positionOf)) };
  };
  if (problems.length > 0) return refused();
  const evaluated = evaluateStatic(
    { ...parsed, inputs: bound.values },
    options.runtimeOnlyEvaluation === true,
    problems,
  );
  checkSecrets(evaluated, options, problems);
  checkNumbers(evaluated, problems);
  if (problems.length > 0) return refused();
  const { instances, problems: unplanned } = planInstances(evaluated, options.random, options.takenIds);
  problems.push(...unplanned);
  if (problems.length > 0) return refused();
  return {
    plan: {
      ...evaluated,
      node_instances: instances,
      inter_deployment_functions: interDeploymentCalls(evaluated),
    },
    diagnostics: [],
  };
}

/** Evaluates what needs no running deployment, and marks the operations that need one. */
function evaluateStatic(plan: ParsedPlan, runtimeOnly: boolean, problems: Problem[]): ParsedPlan {
  const properties = new Map(plan.nodes.map((node) => [node.name, node.properties]));
  const reads = new Map<string, readonly [string, ...Json[]]>();
  const scope: EvaluationScope = {
    inputs: plan.inputs,
    inputRead: (path) => reads.set(JSON.stringify(path), path),
    properties: (node) => properties.get(node),
  };
  const evaluated = scanPlan(plan, (value, { ends, owner }) => {
    if (runtimeOnly || !holdsFunction(value)) return value;
    try {
      return evaluate(value, { ...scope, ...ends });
    } catch (error) {
      if (!(error instanceof FunctionEvaluationError)) throw error;
      problems.push({ code: codeOf(error), message: `${owner}: ${error.message}`, reference: [error.reference, null] });
      return value;
    }
  });
  const inputs: Record<string, Json> = { ...plan.inputs };
  if (problems.length === 0)
    for (const [name, ...path] of reads.values()) inputs[name] = evaluatedAt(inputs[name] ?? null, path, scope);
  return { ...evaluated, inputs, nodes: evaluated.nodes.map(markOperations) };
}

/** An input that something got, as Cloudify shows it: a call stays, what is in it is evaluated. */
function evaluatedAt(value: Json, path: readonly Json[], scope: EvaluationScope): Json {
  const [key, ...rest] = path;
  if (key === undefined) {
    const call = functionCall(value);
    return call ? { ...(value as JsonObject), [call.name]: evaluate(call.argument, scope) } : evaluate(value, scope);
  }
  if (Array.isArray(value)) {
    const index = Number(key) < 0 ? value.length + Number(key) : Number(key);
    return value.map((item: Json, at) => (at === index ? evaluatedAt(item, rest, scope) : item));
  }
  return isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, item]) => [
          name,
          name === String(key) ? evaluatedAt(item, rest, scope) : item,
        ]),
      )
    : value;
}

function markOperations(node: PlanNode): PlanNode {
  return {
    ...node,
    operations: marked(node.operations),
    relationships: mapItems(node.relationships, (relationship) => {
      const source_operations = marked(relationship.source_operations);
      const target_operations = marked(relationship.target_operations);
      const same =
        source_operations === relationship.source_operations && target_operations === relationship.target_operations;
      return same ? relationship : { ...relationship, source_operations, target_operations };
    }),
  };
}

function marked(operations: Operations): Operations {
  const functional = functionalOf(operations);
  if (functional.length === 0) return operations;
  const marks: Record<string, Operation> = { ...operations };
  for (const { operation, names } of functional) {
    const own = { ...operation, has_intrinsic_functions: true };
    for (const name of names) marks[name] = own;
  }
  return marks;
}

function checkSecrets(plan: ParsedPlan, { secretExists }: DeploymentOptions, problems: Problem[]): void {
  if (!secretExists) return;
  const keys = plan.requirements.secrets.map((needed) => (Array.isArray(needed) ? (needed as Json[])[0] : needed));
  for (const key of new Set(keys))
    if (typeof key === 'string' && !secretExists(key))
      problems.push({
        code: 'C3008',
        message: `there is no secret ${key}`,
        hint: `make it with: caisson secrets set ${key}`,
      });
}

function checkNumbers(plan: ParsedPlan, problems: Problem[]): void {
  const check = (owner: string, numbers: JsonObject): void => {
    for (const [key, value] of Object.entries(numbers)) {
      // Bounds may be known only at run time; how many there are now may not.
      if (isFunctionCall(value) && (key === 'min_instances' || key === 'max_instances')) continue;
      if (!isInteger(value))
        problems.push({ code: 'C2010', message: `${owner}.${key} must be an integer, not ${JSON.stringify(value)}` });
      else if ((value as number) < (key === 'max_instances' ? -1 : 0))
        problems.push({ code: 'C2066', message: `${owner}.${key} must not be negative` });
    }
  };
  for (const { name, capabilities } of plan.nodes)
    check(`node_templates.${name}`, capabilities.scalable.properties as unknown as JsonObject);
  for (const [name, { properties }] of Object.entries(plan.scaling_groups))
    check(`scaling_groups.${name}`, properties as unknown as JsonObject);
}

/** Calls that read another deployment: so it is known which deployments depend on each other. */
function interDeploymentCalls(plan: ParsedPlan): Json[] {
  const calls: Json[] = [];
  scanPlan(plan, (value, { owner, ends }) => {
    collect(value, owner, { ...ends } as JsonObject, calls);
    return value;
  });
  return calls;
}

function collect(value: Json, owner: string, context: JsonObject, into: Json[]): void {
  if (typeof value !== 'object' || value === null || !holdsFunction(value)) return;
  const call = functionCall(value);
  if (call?.name === 'get_capability' && Array.isArray(call.argument)) {
    const [deployment] = call.argument as readonly Json[];
    into.push({
      function_identifier: owner,
      target_deployment: [typeof deployment === 'string' ? deployment : null, deployment ?? null],
      context,
    });
  }
  for (const item of isObject(value) ? Object.values(value) : (value as readonly Json[]))
    collect(item, owner, context, into);
}
