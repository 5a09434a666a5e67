/** Compiles blueprints given as text, for tests that read as specifications. */
import { expect } from 'vitest';
import { type CompileOptions, compile } from '../../blueprint/compile.js';
import type { Diagnostic, DiagnosticCode } from '../../blueprint/diagnostics.js';
import { type CompileHost, SourceRefused } from '../../blueprint/imports.js';
import type { JsonObject } from '../../blueprint/json.js';
import type { DeploymentPlan, ParsedPlan, PlanNode } from '../../blueprint/plan.js';
import { type DeploymentOptions, prepareDeployment } from '../../graph/prepare-deployment.js';
import { builtInSource } from '../../types/builtin.js';

/** A main file's text, or files by path of which `main.yaml` is the main one. */
export type Files = string | Readonly<Record<string, string>>;

export const MAIN = '/blueprint/main.yaml';

/** Files of a folder that is only in memory, and the built-in types. */
export function memoryHost(files: Files): CompileHost {
  const texts = typeof files === 'string' ? { 'main.yaml': files } : files;
  const byLocation = new Map(Object.entries(texts).map(([path, text]) => [`/blueprint/${path}`, text]));
  return {
    read: async (location) => byLocation.get(location),
    exists: async (location) => byLocation.has(location),
    async resolve(entry, version) {
      const builtIn = await builtInSource(entry, version);
      if (!builtIn && entry.includes(':')) throw new SourceRefused('nothing else is there in tests');
      return builtIn;
    },
  };
}

export function compileText(files: Files, options: CompileOptions = {}) {
  return compile(MAIN, memoryHost(files), options);
}

/** The plan of a blueprint in which nothing is wrong. */
export async function planOf(files: Files, options: CompileOptions = {}): Promise<ParsedPlan> {
  const { plan, diagnostics } = await compileText(files, options);
  expect(diagnostics).toEqual([]);
  return plan as ParsedPlan;
}

export async function nodeOf(files: Files, name: string): Promise<PlanNode> {
  const node = (await planOf(files)).nodes.find((one) => one.name === name);
  if (!node) throw new Error(`the plan has no node ${name}`);
  return node;
}

/** What is wrong with a blueprint: `CODE line:column`, in the order in which it is told. */
export async function problemsOf(files: Files, options: CompileOptions = {}): Promise<string[]> {
  const { plan, diagnostics } = await compileText(files, options);
  expect(plan).toBeUndefined();
  return diagnostics.map(positioned);
}

export function positioned({ code, source }: Diagnostic): string {
  return source ? `${code} ${source.line}:${source.column}` : code;
}

export function codesOf(diagnostics: readonly Diagnostic[]): DiagnosticCode[] {
  return diagnostics.map(({ code }) => code);
}

/** Prepares a deployment of a blueprint in which nothing is wrong. Ids are the same in every run. */
export async function deploy(files: Files, inputs: JsonObject = {}, options: Partial<DeploymentOptions> = {}) {
  return prepareDeployment(await planOf(files), inputs, { random: sequence(), ...options });
}

export async function deploymentOf(
  files: Files,
  inputs: JsonObject = {},
  options: Partial<DeploymentOptions> = {},
): Promise<DeploymentPlan> {
  const { plan, diagnostics } = await deploy(files, inputs, options);
  expect(diagnostics).toEqual([]);
  return plan as DeploymentPlan;
}

/** Numbers as if at random, always the same. */
export function sequence(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Codes of a blueprint's diagnostics, each once; `prepare`: those of a deployment with these inputs. */
export async function refusalOf(files: Files, prepare?: JsonObject): Promise<DiagnosticCode[]> {
  const compiled = await compileText(files);
  const diagnostics =
    compiled.plan && prepare
      ? prepareDeployment(compiled.plan, prepare, { random: sequence() }).diagnostics
      : compiled.diagnostics;
  return [...new Set(codesOf(diagnostics))];
}

export const version = (minor: number): string => `tosca_definitions_version: cloudify_dsl_1_${minor}\n`;

/** Relationship types as the built-in types have them, without the rest of those. */
export const RELATIONSHIPS = `
relationships:
  cloudify.relationships.depends_on: { properties: { connection_type: { default: all_to_all } } }
  cloudify.relationships.contained_in: { derived_from: cloudify.relationships.depends_on }
  cloudify.relationships.connected_to: { derived_from: cloudify.relationships.depends_on }
`;

export const PLUGINS = `
plugins:
  p: { executor: central_deployment_agent, install: false }
  script: { executor: central_deployment_agent, install: false }
`;
