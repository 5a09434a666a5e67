/** Plans many blueprints in one process: a JSON request per line in, a JSON answer per line out. */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Catalog } from '../../plugins/catalog.js';
import { type PlanRequest, planBlueprint } from './plan-blueprint.js';
import { printedPlan, refusalOf } from './printed.js';

/** Answers each request before it reads the next. Lines that are no JSON are skipped. */
export async function runPlanBatch(input: Readable, output: Writable, catalog: Catalog = []): Promise<void> {
  for await (const line of createInterface({ input })) {
    const request = parsed(line);
    if (request) output.write(`${JSON.stringify({ id: request.id, ...(await answer(request, catalog)) })}\n`);
  }
}

async function answer(request: PlanRequest, catalog: Catalog): Promise<object> {
  try {
    const { plan, diagnostics } = await planBlueprint(request, catalog);
    return plan ? { ok: true, plan: printedPlan(plan) } : { ok: false, error: refusalOf(diagnostics) };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ok: false, error: { code: null, class: 'InternalError', message } };
  }
}

function parsed(line: string): (PlanRequest & { readonly id: string }) | undefined {
  try {
    return JSON.parse(line) as PlanRequest & { readonly id: string };
  } catch {
    return undefined;
  }
}
