/** From a blueprint on disk to a deployment that could start: compiled, inputs bound, instances planned. Starts nothing. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { compile } from '../blueprint/compile.js';
import type { CompileHost } from '../blueprint/imports.js';
import type { JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan, ParsedPlan } from '../blueprint/plan.js';
import { initialInstances } from '../graph/instances.js';
import { prepareDeployment } from '../graph/prepare-deployment.js';
import type { NodeInstance } from '../graph/state.js';
import { type Catalog, unprovidedHint } from '../plugins/catalog.js';
import type { ImportedFolder } from '../store/blueprint-archive.js';
import { type BlueprintHostOptions, blueprintHost } from './blueprint-host.js';
import { boundPlan } from './bound-plan.js';
import { CaissonError, refusal } from './errors.js';
import { importResolver, parseImportRules } from './import-resolver.js';
import { importedFolders } from './imported-folders.js';
import type { GivenInputs } from './inputs.js';
import { loadSettings } from './settings.js';

/** A blueprint that was compiled: its plan, and the files that go to the workers. */
export interface CompiledBlueprint {
  /** The name its deployments have by default: that of the folder, and of the file unless that is `blueprint.yaml`. */
  readonly id: string;
  /** All of it goes to the workers. */
  readonly folder: string;
  /** Name of the main file in the folder. */
  readonly mainFile: string;
  /** Files of the blueprints that it imports by `blueprint:`. */
  readonly imported: readonly ImportedFolder[];
  readonly plan: ParsedPlan;
  readonly sources: ReadonlyMap<string, string>;
}

/** A blueprint with inputs bound and instances planned: it could start. */
export interface PreparedDeployment {
  readonly blueprint: CompiledBlueprint;
  readonly plan: DeploymentPlan;
  /** What travels to the workflows. */
  readonly compact: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
}

/**
 * @param file the main file, or a folder that holds a `blueprint.yaml`
 * @throws CaissonError (validation) with every diagnostic; (not-found) when there is no such file
 */
export async function compileBlueprint(file: string, catalog: Catalog): Promise<CompiledBlueprint> {
  const main = await mainFileOf(file);
  const folder = path.dirname(main);
  const host = await hostOf(main, catalog);
  const { plan, diagnostics, sources, blueprintFiles } = await compile(main, host, {
    unprovided: (plugin, operation) => unprovidedHint(catalog, plugin, operation),
  });
  if (!plan) throw refusal(diagnostics, sources);
  const imported = importedFolders(plan, blueprintFiles);
  return { id: defaultId(main), folder, mainFile: path.basename(main), imported, plan, sources };
}

/** What the compiler may read for a blueprint on this machine. */
export async function hostOf(main: string, catalog: Catalog): Promise<CompileHost> {
  return blueprintHost({ folder: path.dirname(main), catalog, ...(await importSources()) });
}

/** Where imports come from besides the blueprint's folder, as the settings say. */
async function importSources(): Promise<Pick<BlueprintHostOptions, 'blueprintFolders' | 'download'>> {
  const { settings } = await loadSettings();
  const { network, rules = '' } = settings.imports;
  return {
    blueprintFolders: settings.blueprintFolders,
    ...(network ? { download: importResolver({ rules: parseImportRules(rules) }) } : {}),
  };
}

export interface PrepareOptions {
  /** Whether a secret exists; absent: not checked. */
  readonly secretExists?: (key: string) => boolean;
  /** @default Math.random */
  readonly random?: () => number;
  /** Where the inputs were written. @default not known */
  readonly given?: GivenInputs;
}

/** @throws CaissonError (validation) for inputs that are missing, unknown or unfit */
export function prepare(
  blueprint: CompiledBlueprint,
  inputs: JsonObject,
  catalog: Catalog,
  { secretExists, random = Math.random, given }: PrepareOptions = {},
): PreparedDeployment {
  const { plan, diagnostics } = prepareDeployment(blueprint.plan, inputs, {
    random,
    ...(secretExists ? { secretExists } : {}),
    ...(given ? { written: given, sources: given.sources } : {}),
  });
  if (!plan) throw refusal(diagnostics, new Map([...blueprint.sources, ...(given?.sources ?? [])]));
  return { blueprint, plan, compact: boundPlan(plan, catalog), instances: initialInstances(plan) };
}

/** @throws CaissonError (not-found) */
export async function mainFileOf(file: string): Promise<string> {
  const resolved = path.resolve(file);
  const found = await stat(resolved).catch(() => undefined);
  if (found?.isFile()) return resolved;
  const inside = path.join(resolved, 'blueprint.yaml');
  if (found?.isDirectory() && (await stat(inside).catch(() => undefined))?.isFile()) return inside;
  throw new CaissonError(
    'not-found',
    'C4003',
    found ? `the folder ${file} holds no blueprint.yaml` : `there is no file ${file}`,
    { hint: 'give the path of a blueprint, e.g. caisson install examples/hello/blueprint.yaml' },
  );
}

function defaultId(main: string): string {
  const folder = path.basename(path.dirname(main));
  const file = path.basename(main).replace(/\.ya?ml$/, '');
  const name = file === 'blueprint' ? folder : `${folder}.${file}`;
  const id = name.replaceAll('_', '-').replaceAll(/[^A-Za-z0-9.-]/g, '-');
  return /^[A-Za-z0-9]/.test(id) ? id : `blueprint${id}`;
}
