/**
 * The Plan: the compiled blueprint, and the contract between compiler, graph, workflows and client.
 *
 * Field names are those of the reference system's plan (snake_case), so that a plan printed by `caisson plan --json`
 * can be read by tools that know Cloudify's. Types only: nothing in this file runs.
 */
import type { Json, JsonObject } from './json.js';

export type { Json, JsonObject } from './json.js';

/** An operation as the plan binds it: which plugin function, with which inputs. A no-op has plugin `''`. */
export interface Operation {
  readonly plugin: string;
  readonly operation: string;
  readonly executor: string | null;
  readonly inputs: JsonObject;
  readonly has_intrinsic_functions: boolean;
  readonly max_retries: number | null;
  /** Seconds. */
  readonly retry_interval: number | null;
  /** Seconds one attempt may take. */
  readonly timeout: number | null;
  readonly timeout_recoverable: boolean | null;
  readonly inputs_types?: JsonObject;
  /** The registered activity that does the work, where it is not `plugin.operation`: the mapping used an alias. */
  readonly activity?: string;
}

/** Operations under `interface.operation`, and under the bare name where only one interface has it. */
export type Operations = Readonly<Record<string, Operation>>;

export interface PlanRelationship {
  readonly type: string;
  /** Name of the target node template. */
  readonly target_id: string;
  /** Root type first, own type last. */
  readonly type_hierarchy: readonly string[];
  readonly properties: JsonObject;
  readonly source_operations: Operations;
  readonly target_operations: Operations;
  readonly source_interfaces?: JsonObject;
  readonly target_interfaces?: JsonObject;
}

export interface ScalableProperties {
  readonly min_instances: number;
  /** -1 means unbounded. */
  readonly max_instances: number;
  readonly default_instances: number;
  readonly current_instances: number;
  readonly planned_instances: number;
}

export interface PlanPlugin {
  readonly name: string;
  readonly executor: string;
  readonly source: string | null;
  readonly install: boolean;
  readonly install_arguments: string | null;
  readonly package_name: string | null;
  readonly package_version: string | null;
  readonly supported_platform: Json;
  readonly distribution: string | null;
  readonly distribution_version: string | null;
  readonly distribution_release: string | null;
  readonly properties_description: string | null;
  readonly properties: JsonObject;
}

/** A node template, completed. `id` and `name` are both the template's name. */
export interface PlanNode {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly type_hierarchy: readonly string[];
  readonly properties: JsonObject;
  readonly interfaces?: JsonObject;
  readonly operations: Operations;
  readonly relationships: readonly PlanRelationship[];
  readonly capabilities: { readonly scalable: { readonly properties: ScalableProperties } };
  readonly instances?: JsonObject;
  /** Name of the node template that hosts this one; absent when nothing does. */
  readonly host_id?: string;
  readonly plugins: readonly PlanPlugin[];
  readonly deployment_plugins_to_install: readonly PlanPlugin[];
  readonly plugins_to_install?: readonly PlanPlugin[];
}

export interface PlanWorkflow {
  readonly plugin: string;
  readonly operation: string;
  /** Parameter definitions: name → { default?, type?, required?, constraints?, … }. */
  readonly parameters: JsonObject;
  readonly is_cascading: boolean;
  readonly availability_rules: Json;
  /** The operation is a function of a plugin in Python, `module.function`: known when the plan is bound to plugins. */
  readonly python?: true;
}

export interface ScalingGroup {
  readonly members: readonly string[];
  readonly properties: ScalableProperties;
}

export interface PlanOutput {
  readonly value: Json;
  readonly description?: string;
}

/** What the compiler makes of sources alone: nothing of inputs' values, no instances. */
export interface ParsedPlan {
  readonly version: {
    readonly raw: string;
    readonly definitions_name: string;
    readonly definitions_version: readonly number[];
  };
  readonly description: string | null;
  readonly metadata: JsonObject | null;
  /** Definitions: name → { type?, default?, … }. */
  readonly inputs: JsonObject;
  readonly outputs: Readonly<Record<string, PlanOutput>>;
  readonly capabilities: Readonly<Record<string, PlanOutput>>;
  readonly labels: JsonObject;
  readonly blueprint_labels: JsonObject;
  readonly resource_tags: JsonObject;
  readonly deployment_settings: JsonObject;
  readonly nodes: readonly PlanNode[];
  readonly relationships: JsonObject;
  readonly workflows: Readonly<Record<string, PlanWorkflow>>;
  readonly data_types: JsonObject;
  readonly policy_types: JsonObject;
  readonly policy_triggers: JsonObject;
  readonly groups: JsonObject;
  readonly policies: JsonObject;
  readonly scaling_groups: Readonly<Record<string, ScalingGroup>>;
  readonly deployment_plugins_to_install: readonly PlanPlugin[];
  readonly workflow_plugins_to_install: readonly PlanPlugin[];
  readonly host_agent_plugins_to_install: readonly PlanPlugin[];
  readonly imported_blueprints: readonly string[];
  readonly namespaces_mapping: JsonObject;
  readonly requirements: { readonly parent_capabilities: readonly Json[]; readonly secrets: readonly Json[] };
}

/** One planned copy of a node template, as the expansion makes it. */
export interface PlannedNodeInstance {
  /** `<node>_<six of [a-z0-9]>` */
  readonly id: string;
  /** The node template's name (also `name`, as in the reference). */
  readonly name: string;
  readonly node_id: string;
  readonly host_id?: string;
  readonly relationships: readonly PlannedRelationship[];
  readonly scaling_groups?: readonly { readonly name: string; readonly id: string }[];
}

export interface PlannedRelationship {
  readonly type: string;
  /** Target node template. */
  readonly target_name: string;
  /** Target node instance. */
  readonly target_id: string;
}

/** A ParsedPlan with inputs bound (name → value), static functions evaluated and instances planned. */
export interface DeploymentPlan extends ParsedPlan {
  readonly node_instances: readonly PlannedNodeInstance[];
  readonly inter_deployment_functions: readonly Json[];
  /**
   * Plugins whose code is a package of the artifact store: name of the plugin in the plan → hash of the package's archive.
   * It is what makes a deployment keep the version it was made with.
   */
  readonly plugin_archives?: Readonly<Record<string, string>>;
}
