/** What a worker lends to whoever installs agents on hosts, and what an agent knows of itself. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { NativeConnection } from '@temporalio/worker';
import type { Settings } from '../client/settings.js';
import { buildId } from '../client/stack/build.js';
import { AGENTS_FOLDER, type AgentKit, type AgentParcel, PACKAGES_FOLDER } from '../plugins/agent/kit.js';
import { startLines } from '../plugins/agent/supervisor.js';
import { quote } from '../plugins/script/shell-line.js';
import { NonRecoverableError } from '../plugins/sdk/errors.js';
import { agentPackage, hostPlatform } from './agent-package.js';
import { type AgentDocument, agentDocument, writtenDocument } from './agent-settings.js';

export interface AgentIdentity {
  /** How it calls itself to Temporal: `agent:HOST@MACHINE:NONCE`. */
  readonly identity: string;
  /** Ends the process once it has nothing more to do. */
  readonly endItself: () => void;
}

/** The task queue of a host's agent. */
export function hostQueue(deploymentId: string, hostInstanceId: string): string {
  return `host/${deploymentId}/${hostInstanceId}`;
}

export const agentIdentity = ({ host, nonce }: Pick<AgentDocument, 'host' | 'nonce'>): string =>
  `agent:${host}@${hostname()}:${nonce}`;

export class WorkerAgents {
  /** Undefined until the worker is connected. */
  connection: NativeConnection | undefined;
  readonly kit: AgentKit;
  readonly #settings: Settings;
  /** What makes each agent that is begun another one than those before it. */
  readonly #nonces = new WeakMap<AgentParcel, string>();

  /** @param self the agent that this worker is itself, if it is one */
  static async open(settings: Settings, self?: AgentIdentity): Promise<WorkerAgents> {
    // Run from its sources it has no build, and nothing to send either.
    const build = await buildId().catch(() => 'sources');
    return new WorkerAgents(settings, self, `${build}-${process.version}`);
  }

  private constructor(settings: Settings, self: AgentIdentity | undefined, build: string) {
    this.#settings = settings;
    const { program, packageUrl } = settings.agent;
    this.kit = {
      local: /^(127\.|localhost[:]|\[::1\])/.test(this.#address),
      parcelFor: (deployment, host) => this.#parcel(deployment, host),
      program: {
        build,
        ...(program === undefined ? {} : { command: program }),
        packageFor: async (platform) => {
          if (platform !== hostPlatform())
            throw new NonRecoverableError(
              `this worker can make an agent for ${hostPlatform()}, and the host is ${platform}: ` +
                'install Caisson there and set agent.program, or run a worker on such a machine',
            );
          return await agentPackage(settings.cacheFolder, build);
        },
      },
      initScript: (parcel) => initScript(parcel, { build, program, packageUrl }),
      answers: async (parcel) =>
        (await this.#pollers(parcel.queue)).some((one) => one.endsWith(`:${this.#nonces.get(parcel)}`)),
      anyAnswers: async ({ queue }) => (await this.#pollers(queue)).length > 0,
      ...(self ? { endItself: self.endItself } : {}),
    };
  }

  get #address(): string {
    return this.#settings.agent.address ?? this.#settings.connection.address ?? '';
  }

  #parcel(deployment: string, host: string): AgentParcel {
    const nonce = randomBytes(4).toString('hex');
    const queue = hostQueue(deployment, host);
    const document = agentDocument(this.#settings, { host, queue, nonce, address: this.#address });
    const name = `${deployment}.${host}`.replaceAll(/[^\w.-]/g, '_');
    const parcel = { host, name, queue, settings: writtenDocument(document) };
    this.#nonces.set(parcel, nonce);
    return parcel;
  }

  async #pollers(queue: string): Promise<string[]> {
    if (!this.connection) throw new Error('an agent is asked for before the worker is connected');
    const { pollers } = await this.connection.workflowService.describeTaskQueue({
      namespace: this.#settings.connection.namespace,
      taskQueue: { name: queue },
      // Of activities.
      taskQueueType: 2,
    });
    return (pollers ?? []).map(({ identity }) => identity ?? '');
  }
}

interface InitProgram {
  readonly build: string;
  readonly program: string | undefined;
  readonly packageUrl: string | undefined;
}

function initScript(
  { name, settings }: AgentParcel,
  { build, program, packageUrl }: InitProgram,
): { readonly text: string; readonly secret: string } {
  if (program === undefined && packageUrl === undefined)
    throw new NonRecoverableError(
      'a host that installs its agent itself must know where to get it from: make a package with `caisson agents package`, ' +
        'put it where hosts can fetch it, and set agent.package_url; or set agent.program to a command of their image',
    );
  const secret = Buffer.from(settings).toString('base64');
  const packages = `${PACKAGES_FOLDER}/${quote(build)}`;
  const fetched = [
    `if [ ! -x ${packages}/caisson ]; then`,
    `  mkdir -p ${packages}.part`,
    `  (curl -fsSL ${quote(packageUrl ?? '')} || wget -qO- ${quote(packageUrl ?? '')}) | tar -xzf - -C ${packages}.part`,
    `  mv ${packages}.part ${packages}`,
    'fi',
  ];
  const lines = [
    '#!/bin/sh',
    'umask 077',
    '[ -n "$HOME" ] || HOME=/root',
    'export HOME',
    'cd "$HOME" || exit 1',
    `mkdir -p ${AGENTS_FOLDER}/${quote(name)} ${PACKAGES_FOLDER}`,
    ...(program === undefined ? fetched : []),
    `base64 -d > ${AGENTS_FOLDER}/${quote(name)}/settings.json <<'CAISSON_SETTINGS'`,
    secret,
    'CAISSON_SETTINGS',
    ...startLines({ name, command: program ?? `"$HOME"/${packages}/caisson` }),
  ];
  return { text: `${lines.join('\n')}\n`, secret };
}
