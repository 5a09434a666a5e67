/** `labels`, `blueprint_labels`, `resource_tags`, `outputs`, `capabilities`: values by name. */
import type { Compilation } from './compilation.js';
import { isObject, type Json, type JsonObject, listMember, member, textMember } from './json.js';
import type { PlanOutput } from './plan.js';

/** @param functions values may be functions, evaluated when a deployment is made */
export function readLabels(section: Json | undefined, called: string, functions: boolean, cx: Compilation): JsonObject {
  const labels: Record<string, Json> = {};
  for (const [key, raw] of Object.entries(isObject(section) ? section : {})) {
    const values = listMember(raw, 'values');
    for (const [index, value] of values.entries()) {
      const fine =
        typeof value === 'string' || (functions && isObject(value) && !Object.hasOwn(value, 'get_attribute'));
      if (!fine)
        cx.report(
          'C2011',
          `${called}.${key}.values[${index}] must be text${functions ? ' or a function other than get_attribute' : ''}`,
          cx.positions.ofValue(values, index),
        );
    }
    labels[key] = { values };
  }
  return labels;
}

export function readOutputs(section: Json | undefined): Record<string, PlanOutput> {
  const outputs: Record<string, PlanOutput> = {};
  for (const [name, raw] of Object.entries(isObject(section) ? section : {})) {
    const description = textMember(raw, 'description');
    // Named, and nothing said of it: it has no value at all, as in Cloudify.
    if (raw === null) {
      outputs[name] = {} as PlanOutput;
      continue;
    }
    outputs[name] = { ...(description === undefined ? {} : { description }), value: member(raw, 'value') ?? null };
  }
  return outputs;
}
