/** What operations run in on this worker: files of the blueprint, log, secrets, work folders. */

import type { AgentKit } from '../plugins/agent/kit.js';
import type { LogOwner, OperationLog } from './operation-log.js';
import type { SecretLookup } from './secrets.js';

export interface OperationEnvironment {
  /** Aborted when the process is about to end: what runs is to stop, and another worker runs it again. @default never */
  readonly releasing?: AbortSignal | undefined;
  /** A folder with the blueprint's files, fetched from the artifact store if need be. */
  blueprintFolder(archive: string | undefined): Promise<string>;
  /** A folder of a deployment and plugin on this machine, made on demand. */
  workdir(deploymentId: string, plugin: string): Promise<string>;
  /** A folder on this machine for what operations of all deployments share and can make anew. */
  cacheFolder(): Promise<string>;
  logFor(request: LogOwner): OperationLog;
  /** What hosts are told so that their agents find us; absent where no agents can be installed. */
  readonly agents?: AgentKit | undefined;
  /** A lookup that masks what it hands out: one per attempt. */
  secrets(): SecretLookup;
}
