/** Plans a blueprint with the options of the planning protocol: the plan, or everything that is wrong. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { compile } from '../../blueprint/compile.js';
import type { Diagnostic } from '../../blueprint/diagnostics.js';
import type { JsonObject } from '../../blueprint/json.js';
import type { DeploymentPlan, ParsedPlan } from '../../blueprint/plan.js';
import { prepareDeployment } from '../../graph/prepare-deployment.js';
import type { Catalog } from '../../plugins/catalog.js';
import { blueprintHost } from '../blueprint-host.js';
import type { GivenInputs } from '../inputs.js';

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
  /** `null`: the parsed plan; else a deployment is prepared with them, or with what is made of the definitions. */
  readonly inputs: JsonObject | null | ((definitions: JsonObject) => Promise<GivenInputs>);
  readonly options?: PlanOptions;
}

export interface PlanAnswer {
  readonly plan?: ParsedPlan | DeploymentPlan;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: ReadonlyMap<string, string>;
}

/** @param catalog plugins that may be imported by `plugin:NAME` */
export async function planBlueprint(
  { main, inputs, options = {} }: PlanRequest,
  catalog: Catalog = [],
): Promise<PlanAnswer> {
  const file = path.resolve(main);
  const importMap = options.import_map ?? {};
  const folder = options.resources_base_path ?? path.dirname(file);
  const host = blueprintHost({
    folder: commonFolder(folder, path.dirname(file)),
    allowed: Object.values(importMap),
    catalog,
  });
  const { plan, diagnostics, sources } = await compile(file, host, {
    importMap,
    ...(options.resources_base_path === undefined ? {} : { resourcesBasePath: options.resources_base_path }),
    validateVersion: options.validate_version ?? true,
  });
  if (!plan || inputs === null) return { ...(plan ? { plan } : {}), diagnostics, sources };
  const given = typeof inputs === 'function' ? await inputs(plan.inputs) : undefined;
  const prepared = prepareDeployment(plan, given?.values ?? (inputs as JsonObject), {
    random: Math.random,
    ...(given ? { written: given, sources: given.sources } : {}),
    runtimeOnlyEvaluation: options.runtime_only_evaluation ?? false,
    autoCorrectTypes: options.auto_correct_types ?? false,
    ...(options.any_object ? { objectExists: () => true } : {}),
  });
  return { ...prepared, sources };
}

function commonFolder(one: string, other: string): string {
  return `${other}/`.startsWith(`${one}/`) ? one : other;
}

export async function readJsonFile(file: string): Promise<JsonObject> {
  return JSON.parse(await readFile(file, 'utf8')) as JsonObject;
}
