/** What every part of the compiler is handed. */
import type { Place, Report } from './diagnostics.js';
import type { PlanPlugin } from './plan.js';
import type { Positions } from './positions.js';
import type { Version } from './version.js';

export interface Compilation {
  readonly version: Version;
  /** Off: features of newer versions are let through. */
  readonly gates: boolean;
  readonly positions: Positions;
  readonly report: Report;
  /** Whether a file of the blueprint exists, by its path from the main file's folder. */
  readonly hasFile: (path: string) => boolean;
  /** Namespaces that imported blueprints stand under: their scripts are not here to be looked for. */
  readonly blueprintNamespaces: ReadonlySet<string>;
  /** What to do about an operation that no installed plugin provides; undefined when one does. Absent: not asked. */
  readonly unprovided?: UnprovidedHint | undefined;
}

export type At = Place | undefined;

export type UnprovidedHint = (plugin: PlanPlugin, operation: string) => string | undefined;
