/**
 * Evaluation of intrinsic functions, innermost first, at any depth.
 *
 * One evaluator for all phases: what the scope does not provide stays as it is (secrets in a workflow, attributes before
 * there are instances), and so does everything that needs it. Pure and deterministic, so that workflow code may run it.
 */
import { type Json, type JsonObject, mapEntries, mapItems } from '../json.js';
import { type FunctionCall, functionCall, holdsFunction } from './call.js';
import { evaluateLookup } from './lookups.js';
import { type EvaluationScope, FunctionEvaluationError } from './scope.js';
import { evaluateText } from './text.js';

/** A call that the scope has nothing for. */
export const UNRESOLVED = Symbol('unresolved');
export type Evaluated = Json | typeof UNRESOLVED;

/** Deeper than this, functions lead to functions in a circle. */
const DEEPEST = 50;

/**
 * @param depth how many functions led here
 * @throws FunctionEvaluationError
 */
export function evaluate(value: Json, scope: EvaluationScope, depth = 0): Json {
  if (!holdsFunction(value)) return value;
  if (depth > DEEPEST)
    throw new FunctionEvaluationError(
      functionCall(value)?.name ?? 'evaluation',
      `functions refer to each other more than ${DEEPEST} deep`,
      'EvaluationRecursionLimitReached',
    );
  const call = functionCall(value);
  if (call) return evaluateCall(value as JsonObject, call, scope, depth);
  if (Array.isArray(value)) return mapItems(value, (item: Json) => evaluate(item, scope, depth));
  return mapEntries(value as JsonObject, (item) => evaluate(item, scope, depth));
}

function evaluateCall(value: JsonObject, call: FunctionCall, scope: EvaluationScope, depth: number): Json {
  const argument = evaluate(call.argument, scope, depth);
  const evaluated = { ...call, argument };
  const result = evaluateText(evaluated) ?? evaluateLookup(evaluated, scope, depth);
  if (result === UNRESOLVED) return { ...value, [call.name]: argument };
  // What was found may hold functions itself (a property, an input's value): evaluated until it stops changing.
  return evaluate(result, scope, depth + 1);
}
