/** What a plan needs from outside: secrets, and capabilities of the environment it is deployed into. */
import type { Json, JsonObject } from '../json.js';
import { functionCall, holdsFunction } from './call.js';
import type { ScanScope } from './scan.js';

export interface Requirements {
  readonly secrets: Json[];
  readonly parent_capabilities: Json[];
}

/**
 * Adds what a scanned value needs: an entry per call, as it is written (a name, a path, or a function that gives the
 * name). A call in an operation counts once for each name that the operation stands under, as in Cloudify.
 */
export function noteRequirements(value: Json, { names = 1 }: ScanScope, needed: Requirements): void {
  if (holdsFunction(value)) for (let count = 0; count < names; count += 1) collect(value, needed);
}

function collect(value: Json, needed: Requirements): void {
  if (typeof value !== 'object' || value === null) return;
  const call = functionCall(value);
  if (call?.name === 'get_secret') needed.secrets.push(call.argument);
  if (call?.name === 'get_environment_capability')
    needed.parent_capabilities.push(Array.isArray(call.argument) ? call.argument : [call.argument]);
  for (const item of Object.values(value as JsonObject)) collect(item, needed);
}
