/** Plans many blueprints in one process: a JSON request per line in, a JSON answer per line out. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { compile } from '../../blueprint/compile.js';
import { prepareDeployment } from '../../blueprint/deployment.js';
import type { Diagnostic } from '../../blueprint/diagnostics.js';
import type { JsonObject } from '../../blueprint/json.js';
import type { DeploymentPlan, ParsedPlan } from '../../blueprint/plan.js';
import { blueprintHost } from '../blueprint-host.js';

/** How a blueprint is planned. Absent options have their defaults. */
export interface PlanOptions {
  readonly import_map?: Readonly<Record<string, string>>;
  readonly resources_base_path?: string;
  readonly validate_version?: boolean;
  readonly runtime_only_evaluation?: boolean;
  readonly auto_correct_types?: boolean;
  /** Objects that inputs name (deployments, secrets…) are taken to exist. */
  readonly any_object?: boolean;
}

export interface PlanRequest {
  readonly main: string;
  /** `null`: the parsed plan; else a deployment is prepared with them. */
  readonly inputs: JsonObject | null;
  readonly options?: PlanOptions;
}

export interface PlanAnswer {
  readonly plan?: ParsedPlan | DeploymentPlan;
  readonly diagnostics: readonly Diagnostic[];
}

export async function planBlueprint({ main, inputs, options = {} }: PlanRequest): Promise<PlanAnswer> {
  const file = path.resolve(main);
  const importMap = options.import_map ?? {};
  const folder = options.resources_base_path ?? path.dirname(file);
  const host = blueprintHost({ folder: commonFolder(folder, path.dirname(file)), allowed: Object.values(importMap) });
  const { plan, diagnostics } = await compile(file, host, {
    importMap,
    ...(options.resources_base_path === undefined ? {} : { resourcesBasePath: options.resources_base_path }),
    validateVersion: options.validate_version ?? true,
  });
  if (!plan || inputs === null) return { ...(plan ? { plan } : {}), diagnostics };
  return prepareDeployment(plan, inputs, {
    random: Math.random,
    runtimeOnlyEvaluation: options.runtime_only_evaluation ?? false,
    autoCorrectTypes: options.auto_correct_types ?? false,
    ...(options.any_object ? { objectExists: () => true } : {}),
  });
}

function commonFolder(one: string, other: string): string {
  return `${other}/`.startsWith(`${one}/`) ? one : other;
}

/** Answers each request before it reads the next. Lines that are no JSON are skipped. */
export async function runPlanBatch(input: Readable, output: Writable): Promise<void> {
  for await (const line of createInterface({ input })) {
    const request = parsed(line);
    if (!request) continue;
    output.write(`${JSON.stringify({ id: request.id, ...(await answer(request)) })}\n`);
  }
}

async function answer(request: PlanRequest): Promise<object> {
  try {
    const { plan, diagnostics } = await planBlueprint(request);
    return plan ? { ok: true, plan } : { ok: false, error: errorOf(diagnostics) };
  } catch (error) {
    return {
      ok: false,
      error: { code: null, class: 'InternalError', message: String((error as Error).stack ?? error) },
    };
  }
}

/** The first diagnostic as Cloudify's parser would have raised it, all of them beside it. */
export function errorOf(diagnostics: readonly Diagnostic[]): object {
  const [first] = diagnostics;
  return {
    code: first?.reference?.code ?? null,
    ...(first?.reference ? { class: first.reference.class } : {}),
    message: first?.message ?? 'refused',
    diagnostics,
  };
}

function parsed(line: string): (PlanRequest & { readonly id: string }) | undefined {
  try {
    return JSON.parse(line) as PlanRequest & { readonly id: string };
  } catch {
    return undefined;
  }
}

export async function readJsonFile(file: string): Promise<JsonObject> {
  return JSON.parse(await readFile(file, 'utf8')) as JsonObject;
}
