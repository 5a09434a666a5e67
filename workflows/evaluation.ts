import type { Json } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import type { ExecutionState } from './execution-state.js';

export function evaluateFor(_state: ExecutionState, _call: OperationCall, value: Json): Json {
  return value;
}
