/**
 * What the plugin knows of one kind of resource: the calls that make, find and remove it, and how its parameters follow
 * from the relationships of its node. The mechanism that uses it is in lifecycle.ts.
 */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { Call } from './call.js';
import type { ResourceName } from './node-types.js';

export interface Resource {
  /** In operation names: `ec2.NAME.create`, or `NAME.create` when it has its service before it. */
  readonly name: ResourceName;
  /** For messages. */
  readonly title: string;
  /** `ResourceType` of its tag specification; absent = it has no tags at creation. */
  readonly tagType?: string;
  /** How it has tags, and is found by them, where the describe call has no filters. */
  readonly tagged?: TagLookup;
  readonly create: {
    /** Name of the call, or which of several it is for these parameters. */
    readonly command: string | ((config: JsonObject) => string);
    /** Where the answer has the resource; '' = the answer itself. */
    readonly answer: Path;
  };
  readonly describe: {
    readonly command: string;
    /** The parameter that takes a list of ids, or how to ask for one. */
    readonly by: string | ((id: string) => JsonObject);
    /** Where the answer has the resources. */
    readonly answer: Path;
    /** Which member of a resource is its id. */
    readonly id: string;
  };
  readonly remove: {
    readonly command: string;
    /** The parameters that name the resource. */
    input(id: string, found: JsonObject): JsonObject;
  };
  /** What was made with the resource and outlives it. */
  readonly remnants?: {
    /** Their ids, as the resource tells them. */
    of(call: Call, found: JsonObject): readonly string[];
    /** Deletes one. */
    readonly command: string;
    input(id: string): JsonObject;
  };
  readonly states?: States;
  readonly infers?: readonly Inference[];
  /** Takes minutes as a rule. */
  readonly slow?: boolean;
  /** Parameters of the create call out of the configuration, when they are more than it. */
  request?(call: Call, config: JsonObject): Promise<JsonObject> | JsonObject;
  /** Runtime properties beside the common ones, from what the API tells of the resource. */
  facts?(call: Call, found: JsonObject): JsonObject;
  /** What `create_response` says. @default the first of what was made */
  response?(made: readonly JsonObject[]): JsonObject;
  /** Puts by what is told only once; resolves to what of it may be stored. */
  keep?(call: Call, made: readonly JsonObject[]): Promise<readonly JsonObject[]>;
  /** Whether what a lost creation made is of use; else it is deleted and made again. @default true */
  adoptable?(call: Call): boolean;
  /** What stands in the way of deleting it, for people. */
  obstacles?(call: Call, id: string): Promise<string>;
  /** What is left to do to a new resource before it counts as created. Runs again when it was cut off. */
  complete?(call: Call, id: string): Promise<void>;
}

/** A dotted path, or a way to take the resources out of an answer to a request. */
export type Path = string | ((answer: JsonObject, request: JsonObject) => JsonObject[]);

export interface TagLookup {
  /** The call that tells tags, and the parameter that says of which resources; absent = they have `Tags` themselves. */
  readonly told?: { readonly command: string; readonly by: string };
  /** The member of a resource that this parameter takes and the answer names. */
  readonly id: string;
  /** Input of the describe call that tells of all that a creation with these parameters may have made. */
  among(request: JsonObject): JsonObject;
  /**
   * Whether what is there already has the place that the new one would have. Some services take such a creation for
   * done, whosesoever that resource is.
   */
  takes?(found: JsonObject, request: JsonObject): boolean;
  /** The request with the tags and the token. @default with the tags as `Tags` */
  give?(request: JsonObject, tags: readonly JsonObject[], token: string): JsonObject;
}

export interface States {
  readonly path: string;
  readonly ready: readonly Json[];
  readonly failed?: readonly Json[];
  /** States in which it no longer counts as existing. */
  readonly gone?: readonly Json[];
  /** States on the way there: it still exists, but not for anybody who looks for something to use. */
  readonly leaving?: readonly Json[];
  /** Where a failed resource says why. */
  readonly reason?: string;
}

/** A parameter that comes from a relationship's target when the configuration does not give it. */
export interface Inference {
  readonly parameter: string;
  /** Names of the resources whose nodes give it. */
  readonly from: readonly ResourceName[];
  /** The target's runtime property. @default 'aws_resource_id' */
  readonly property?: string;
  /** A list of all targets, joined to what the configuration lists. */
  readonly all?: boolean;
}
