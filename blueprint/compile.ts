/**
 * From sources to a plan, in one pass down this file: read and merge, check the form, resolve types, complete
 * templates, check functions. All that is wrong is reported; a plan comes out only when nothing is.
 */
import type { Compilation, UnprovidedHint } from './compilation.js';
import { readDataTypes } from './data-types.js';
import { type Diagnostic, diagnosticOf, type Problem, type Report } from './diagnostics.js';
import { readGroups, readPolicySection } from './groups.js';
import { type CompileHost, type LoadedDocument, type Loading, loadDocument } from './imports.js';
import { checkDefaults, readInputDefinitions } from './input-definitions.js';
import { noteRequirements, type Requirements } from './intrinsics/requirements.js';
import { scanPlan } from './intrinsics/scan.js';
import { functionValidator } from './intrinsics/validate.js';
import { isObject, type Json, type JsonObject, member, objectMember, textMember } from './json.js';
import { readLabels, readOutputs } from './labels.js';
import { LANGUAGE } from './language.js';
import { folderOf, hasScheme, joined } from './location.js';
import { withoutNamespaces } from './namespaces.js';
import { readNodeTemplates } from './node-templates.js';
import { readNodeTypes } from './node-types.js';
import type { ParsedPlan, PlanNode, PlanPlugin } from './plan.js';
import { readPlugins, uniqueByName, withExecutor } from './plugins.js';
import { locator, Positions } from './positions.js';
import { plannedRelationshipTypes, readRelationshipTypes } from './relationship-types.js';
import { readScalingPolicies } from './scaling-groups.js';
import { readSettings } from './settings.js';
import { fittingDocument } from './shape.js';
import type { SourceLimits } from './source.js';
import { readWorkflows, workflowPlugins } from './workflows.js';

export interface CompileOptions {
  /** Features of versions newer than the blueprint's are refused. @default true */
  readonly validateVersion?: boolean;
  /** Import as it is written → location. @default {} */
  readonly importMap?: Readonly<Record<string, string>>;
  /** A folder where relative imports are looked for besides the importing file's. */
  readonly resourcesBasePath?: string;
  /** What a source may hold at most. */
  readonly limits?: SourceLimits;
  /** Asked of every mapped operation: the hint for the author when no installed plugin provides it. Absent: not asked. */
  readonly unprovided?: UnprovidedHint;
}

export interface CompileResult {
  /** Absent when there are diagnostics. */
  readonly plan?: ParsedPlan;
  /** In the order in which they were found. */
  readonly diagnostics: readonly Diagnostic[];
  /** Text of every source by location, for carets under the places of diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
  /** Namespace → location of the main file of the blueprint that is imported under it. */
  readonly blueprintFiles: ReadonlyMap<string, string>;
}

/**
 * Compiles a blueprint.
 *
 * @param main location of the main file, absolute
 * @param host gives the texts; the compiler itself reads nothing
 */
export async function compile(main: string, host: CompileHost, options: CompileOptions = {}): Promise<CompileResult> {
  const problems: Problem[] = [];
  const report: Report = (code, message, place, hint) => {
    // What comes with plugins may be imported by blueprints of every version, and may say so in any script.
    if ((code === 'C2013' || code === 'C2002') && place?.file.startsWith('caisson:')) return;
    problems.push({ code, message, place, hint });
  };
  const positions = new Positions();
  const sources = new Map<string, string>();
  const gates = options.validateVersion ?? true;
  const loading: Loading = {
    host,
    positions,
    report,
    sources,
    importMap: options.importMap ?? {},
    resourcesBasePath: options.resourcesBasePath,
    gates,
    limits: options.limits,
  };
  const loaded = await loadDocument(main, loading);
  // What the merged parts say is only worth checking when all of them could be read.
  const plan = loaded && problems.length === 0 ? await parse(main, loaded, loading, options) : undefined;
  const positionOf = locator(sources);
  const diagnostics = problems.map((problem) => diagnosticOf(problem, positionOf));
  return {
    ...(plan && diagnostics.length === 0 ? { plan } : {}),
    diagnostics,
    sources,
    blueprintFiles: loaded?.blueprintFiles ?? new Map(),
  };
}

async function parse(
  main: string,
  loaded: LoadedDocument,
  loading: Loading,
  { unprovided }: CompileOptions,
): Promise<ParsedPlan | undefined> {
  const { positions, report, gates, host } = loading;
  const { version } = loaded;
  for (const section of ['node_types', 'plugins'])
    if (member(loaded.document, section) === null)
      report('C2014', `${section} is empty`, positions.ofKey(loaded.document, section), 'leave it out');
  const unknown: Parameters<Report>[] = [];
  const reportLast: Report = (...problem) => void unknown.push(problem);
  const fitted = fittingDocument(loaded.document, LANGUAGE, { positions, report, reportLast, version, gates });
  const cx: Compilation = {
    version,
    gates,
    positions,
    report,
    hasFile: await filesOf(main, fitted, host),
    blueprintNamespaces: new Set(Object.keys(loaded.namespaces)),
    unprovided,
  };
  return planOf(fitted, loaded, cx, () => {
    for (const problem of unknown) report(...problem);
  });
}

/** @param sectionsRead called when every section has been read, before values that refer to others are checked */
function planOf(document: JsonObject, loaded: LoadedDocument, cx: Compilation, sectionsRead: () => void): ParsedPlan {
  const section = (name: string): Json | undefined => member(document, name);
  const data = readDataTypes(section('data_types'), cx);
  const dataTypes = data.schemas;
  const plugins = readPlugins(section('plugins'), cx, dataTypes);
  const inputs = readInputDefinitions(section('inputs'), cx, dataTypes);
  const nodeTypes = readNodeTypes(section('node_types'), cx, dataTypes);
  nodeTypes.all();
  const relationshipTypes = readRelationshipTypes(section('relationships'), cx, dataTypes);
  const relationships = plannedRelationshipTypes(relationshipTypes, plugins, cx);
  const nodes = readNodeTemplates(section('node_templates'), { cx, dataTypes, nodeTypes, relationshipTypes, plugins });
  const policyTypes = readPolicySection(section('policy_types'), 'policy_types', cx, dataTypes);
  const policyTriggers = readPolicySection(section('policy_triggers'), 'policy_triggers', cx, dataTypes);
  const schemas = { types: policyTypes.schemas, triggers: policyTriggers.schemas };
  const groups = readGroups(section('groups'), section('node_templates'), schemas, cx, dataTypes);
  const scaling = readScalingPolicies(section('policies'), groups, nodes, cx);
  const workflows = readWorkflows(section('workflows'), plugins, cx, dataTypes);
  const plan: ParsedPlan = {
    version: {
      raw: `cloudify_dsl_${cx.version.join('_')}`,
      definitions_name: 'cloudify_dsl',
      definitions_version: cx.version,
    },
    description: textMember(document, 'description') ?? null,
    metadata: (section('metadata') ?? null) as JsonObject | null,
    inputs,
    outputs: readOutputs(section('outputs')),
    capabilities: readOutputs(section('capabilities')),
    labels: readLabels(section('labels'), 'labels', true, cx),
    blueprint_labels: readLabels(section('blueprint_labels'), 'blueprint_labels', false, cx),
    resource_tags: (section('resource_tags') ?? {}) as JsonObject,
    deployment_settings: readSettings(section('deployment_settings'), cx),
    nodes,
    relationships,
    workflows,
    data_types: data.plan,
    policy_types: policyTypes.plan,
    policy_triggers: policyTriggers.plan,
    groups,
    policies: scaling.policies,
    scaling_groups: scaling.groups,
    ...pluginsToInstall(nodes, workflows, plugins),
    imported_blueprints: loaded.importedBlueprints,
    namespaces_mapping: loaded.namespaces,
    requirements: { parent_capabilities: [], secrets: [] },
  };
  sectionsRead();
  checkDefaults(section('inputs'), cx);
  const validate = functionValidator(plan, Object.keys(objectMember(document, 'node_templates')), cx);
  const requirements: Requirements = { parent_capabilities: [], secrets: [] };
  scanPlan(plan, (value, scope) => {
    validate(value, scope);
    noteRequirements(value, scope, requirements);
    return value;
  });
  return { ...plan, requirements };
}

function pluginsToInstall(
  nodes: readonly PlanNode[],
  workflows: ParsedPlan['workflows'],
  plugins: readonly PlanPlugin[],
): Pick<ParsedPlan, 'deployment_plugins_to_install' | 'workflow_plugins_to_install' | 'host_agent_plugins_to_install'> {
  return {
    deployment_plugins_to_install: uniqueByName(nodes.flatMap((node) => node.deployment_plugins_to_install)),
    workflow_plugins_to_install: workflowPlugins(workflows, plugins),
    host_agent_plugins_to_install: uniqueByName(nodes.flatMap((node) => withExecutor(node.plugins, 'host_agent'))),
  };
}

/** Asks, once for each implementation in the document, whether a file of that name is in the blueprint's folder. */
async function filesOf(main: string, document: JsonObject, host: CompileHost): Promise<(path: string) => boolean> {
  const candidates = new Set<string>();
  for (const name of ['node_types', 'relationships', 'node_templates', 'workflows'])
    collectImplementations(member(document, name) ?? null, name === 'workflows', candidates);
  const folder = folderOf(main);
  const found = new Set<string>();
  await Promise.all(
    [...candidates].map(async (path) => {
      if (await host.exists(joined(folder, path))) found.add(path);
    }),
  );
  return (path) => found.has(path);
}

const IMPLEMENTATION_KEYS: ReadonlySet<string> = new Set(['implementation', 'mapping']);

/** Over-collects: any text where an implementation may stand. */
function collectImplementations(value: Json, direct: boolean, into: Set<string>): void {
  if (!isObject(value)) {
    if (Array.isArray(value)) for (const item of value) collectImplementations(item, false, into);
    return;
  }
  for (const key of Object.keys(value)) {
    const own = value[key] as Json;
    if (typeof own === 'string') {
      if (direct || IMPLEMENTATION_KEYS.has(key)) addPath(own, into);
    } else if (key.endsWith('interfaces') && isObject(own)) collectInterfaces(own, into);
    else if (key !== 'properties' && key !== 'parameters') collectImplementations(own, false, into);
  }
}

function collectInterfaces(interfaces: JsonObject, into: Set<string>): void {
  for (const operations of Object.values(interfaces))
    for (const operation of Object.values(isObject(operations) ? operations : {})) {
      const implementation = typeof operation === 'string' ? operation : textMember(operation, 'implementation');
      if (implementation !== undefined) addPath(implementation, into);
    }
}

function addPath(implementation: string, into: Set<string>): void {
  if (implementation !== '' && !hasScheme(implementation) && !implementation.trim().includes('\n'))
    into.add(withoutNamespaces(implementation));
}
