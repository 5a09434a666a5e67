/** What every part of the compiler is handed. */
import type { Place, Report } from './diagnostics.js';
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
}

export type At = Place | undefined;
