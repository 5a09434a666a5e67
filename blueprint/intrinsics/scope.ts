/** What the evaluation of functions may look at. A member that is absent leaves the calls that need it as they are. */
import type { Json, JsonObject } from '../json.js';

export interface InstanceScope {
  readonly id: string;
  readonly node_id: string;
  readonly index: number;
  readonly runtime_properties: JsonObject;
  readonly relationships: readonly { readonly target_id: string; readonly target_name: string }[];
  readonly scaling_groups: readonly { readonly name: string; readonly id: string }[];
}

export interface EvaluationScope {
  /** Node of the thing evaluated, for SELF in `get_property`. */
  readonly self?: string;
  readonly source?: string;
  readonly target?: string;
  /** Its node instances, for SELF, SOURCE and TARGET in `get_attribute`. */
  readonly selfInstance?: string;
  readonly sourceInstance?: string;
  readonly targetInstance?: string;
  readonly inputs?: JsonObject;
  /** Told of every input, or part of one, that is got. */
  readonly inputRead?: (path: readonly [string, ...Json[]]) => void;
  /** A node template's properties; undefined when there is no such node. */
  readonly properties?: (node: string) => JsonObject | undefined;
  readonly instance?: (id: string) => InstanceScope | undefined;
  readonly instancesOf?: (node: string) => readonly InstanceScope[];
  readonly secret?: (key: string) => Json | undefined;
  readonly capability?: (deployment: string, path: readonly Json[]) => Json | undefined;
  readonly environmentCapability?: (path: readonly Json[]) => Json | undefined;
  readonly groupCapability?: (group: string, path: readonly Json[]) => Json | undefined;
  readonly label?: (key: string) => readonly string[] | undefined;
  readonly sys?: (entity: string, property: string) => Json | undefined;
  readonly consumers?: (what: string) => Json;
}

/** A function that cannot be evaluated: the author's mistake, or the world's at run time. */
export class FunctionEvaluationError extends Error {
  constructor(
    readonly functionName: string,
    message: string,
    /** Class under which Cloudify reports it. */
    readonly reference: string = 'FunctionEvaluationError',
  ) {
    super(`${functionName}: ${message}`);
    this.name = 'FunctionEvaluationError';
  }
}
