/** What a workflow script, run by an activity, and its execution say to each other. Shapes are plain JSON. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PluginInfo } from '../activities/request.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import type { FailedOperation } from './messages.js';

/** Something that the script asks for. The key names it: asked twice, it is done once. */
export type ScriptCall = { readonly key: string } & (
  | {
      readonly call: 'operation';
      /** Of a relationship's operation: the source. */
      readonly instance_id: string;
      readonly target_id?: string;
      readonly side?: 'source' | 'target';
      readonly operation: string;
      readonly kwargs: JsonObject;
      readonly override: boolean;
    }
  | { readonly call: 'state'; readonly instance_id: string; readonly state: string }
  /** Changes what is stored of an instance from outside of any operation. */
  | {
      readonly call: 'instance';
      readonly instance_id: string;
      /** All of them, as they are to be. */
      readonly runtime_properties?: JsonObject;
      readonly state?: string;
    }
  | { readonly call: 'event'; readonly instance_id?: string; readonly message: string; readonly event_type: string }
  | { readonly call: 'log'; readonly instance_id?: string | null; readonly level: string; readonly message: string }
  | {
      readonly call: 'walk';
      /** `rollback` takes down what of them was made. */
      readonly walk: 'install' | 'uninstall' | 'rollback';
      readonly ids: readonly string[];
      readonly ignore_failure?: boolean;
    }
  | {
      readonly call: 'modify';
      /** By node or scaling group. */
      readonly nodes: Readonly<Record<string, ModifiedNode>>;
    }
  | { readonly call: 'modified'; readonly how: 'finish' | 'rollback' }
  | {
      readonly call: 'execution';
      readonly deployment_id: string;
      readonly workflow_id: string;
      readonly parameters: JsonObject;
      readonly allow_custom_parameters: boolean;
      readonly dry_run: boolean;
    }
  /** What came of a function of the script's own, which it had asked the activity about by `of`. */
  | { readonly call: 'record'; readonly of: string; readonly value: Json }
);

export interface ModifiedNode {
  /** Instances in each container, after. */
  readonly instances: number;
  readonly removed_ids_include_hint?: readonly string[];
  readonly removed_ids_exclude_hint?: readonly string[];
}

/**
 * Asks the activity whether a function of the script has run already: answered with what came of it, where that is on
 * record, else with `{ run: true }`.
 */
export interface LocalQuestion {
  readonly call: 'local';
  readonly key: string;
}

export type ScriptOutcome = { readonly key: string } & (
  | { readonly done: Json }
  | { readonly failed: Partial<FailedOperation> & { readonly message: string } }
  | { readonly cancelled: true }
);

export interface ScriptOutcomes {
  /** In the order in which they came. */
  readonly outcomes: readonly ScriptOutcome[];
  /** Where to go on asking. */
  readonly next: number;
  readonly cancelling: boolean;
}

/** Path in the blueprint, or a script's own text, or a function of a plugin in Python: `module.function`. */
export type PythonProgram =
  | { readonly path: string }
  | { readonly source: string }
  | { readonly function: string; readonly plugin: PluginInfo };

/** Starts a script's activity. */
export interface WorkflowScriptRequest {
  readonly deployment_id: string;
  readonly execution_id: string;
  readonly archive?: string;
  readonly script: PythonProgram;
  /** What the script's `ctx` is made of. */
  readonly context: JsonObject;
}

export interface ScriptActivities {
  /**
   * Runs the script to its end; run again after a lost worker it is answered from the record.
   *
   * @returns what a plugin's function returned
   */
  'caisson.workflow_script'(request: WorkflowScriptRequest): Promise<Json | undefined>;
}

export const scriptCallsSignal = defineSignal<[readonly ScriptCall[]]>('script_calls');
/** What the execution has on record when a script begins (again): it need not be asked for. */
export const scriptRecordQuery = defineQuery<readonly ScriptOutcome[]>('script_record');
export const scriptOutcomesQuery = defineQuery<ScriptOutcomes, [{ readonly from: number }]>('script_outcomes');
