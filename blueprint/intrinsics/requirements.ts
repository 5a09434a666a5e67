/** What a plan needs from outside: secrets, and capabilities of the environment it is deployed into. */
import type { Json, JsonObject } from '../json.js';
import type { ParsedPlan } from '../plan.js';
import { functionCall, holdsFunction } from './call.js';
import { scanPlan } from './scan.js';

export function requirementsOf(plan: ParsedPlan): ParsedPlan['requirements'] {
  const secrets = new Map<string, Json>();
  const capabilities = new Map<string, Json>();
  scanPlan(plan, (value) => {
    collect(value, secrets, capabilities);
    return value;
  });
  return { parent_capabilities: [...capabilities.values()], secrets: [...secrets.values()] };
}

function collect(value: Json, secrets: Map<string, Json>, capabilities: Map<string, Json>): void {
  if (typeof value !== 'object' || value === null || !holdsFunction(value)) return;
  const call = functionCall(value);
  if (call && !holdsFunction(call.argument)) {
    const path = Array.isArray(call.argument) ? call.argument : [call.argument];
    if (call.name === 'get_secret') secrets.set(JSON.stringify(path[0]), path[0] as Json);
    if (call.name === 'get_environment_capability') capabilities.set(JSON.stringify(path), path);
  }
  for (const item of Object.values(value as JsonObject)) collect(item, secrets, capabilities);
}
