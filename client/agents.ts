/** The agents on the hosts of deployments, and which of them take work. */
import { objectMember, textMember } from '../blueprint/json.js';
import type { CaissonConnection } from './connection.js';
import { getInstances } from './deployments.js';
import { answersOf } from './each-deployment.js';
import type { CaissonError } from './errors.js';
import { pollersOf } from './stack/pollers.js';

export interface AgentRow {
  /** The host's node instance. */
  readonly id: string;
  readonly ip: string | null;
  readonly deployment_id: string;
  readonly node_id: string;
  /** `lost`: no worker has asked for the host's operations lately. */
  readonly state: 'polling' | 'lost';
  /** RFC 3339 */
  readonly last_seen_at: string | null;
  readonly install_method: string;
}

/** An agent asks for work at least once a minute. */
const SILENCE_MS = 75_000;

/**
 * @param onSilent told why deployments are left out that give no answer
 * @throws CaissonError (not-found) for a deployment that is not there
 */
export async function listAgents(
  connection: CaissonConnection,
  deploymentId?: string,
  onSilent: (silence: CaissonError) => void = () => undefined,
): Promise<readonly AgentRow[]> {
  const hosts = async (deployment_id: string) => ({
    deployment_id,
    instances: await getInstances(connection, deployment_id),
  });
  const places = await answersOf(connection, deploymentId, hosts, onSilent);
  const found: AgentRow[] = [];
  for (const { deployment_id, instances } of places)
    for (const { id, node_id, runtime_properties } of instances) {
      const agent = objectMember(runtime_properties, 'cloudify_agent');
      const queue = textMember(agent, 'queue');
      if (queue === undefined) continue;
      const pollers = await pollersOf(connection, queue);
      const last =
        pollers
          .map(({ last_seen_at }) => last_seen_at)
          .sort()
          .at(-1) ?? null;
      const lives = last !== null && Date.now() - Date.parse(last) < SILENCE_MS;
      found.push({
        id,
        ip: textMember(runtime_properties, 'ip') ?? null,
        deployment_id,
        node_id,
        state: lives ? 'polling' : 'lost',
        last_seen_at: last,
        install_method: textMember(agent, 'install_method') ?? 'remote',
      });
    }
  return found;
}
