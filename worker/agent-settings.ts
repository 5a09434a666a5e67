/** The file that tells an agent whom it serves, and how it reaches the server and the artifact store. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { resolveSettings, type Settings } from '../client/settings.js';

/** What an agent needs of settings; its folders are its own. */
export type AgentGiven = Pick<Settings, 'connection' | 'artifacts' | 's3' | 'encryption' | 'secrets' | 'pythonPlugins'>;

export interface AgentDocument {
  /** The host's node instance. */
  readonly host: string;
  readonly queue: string;
  /** Tells this agent from those of the host before it. */
  readonly nonce: string;
  /** Settings in TOML, instead of `given`. */
  readonly toml?: string;
  readonly given?: AgentGiven;
}

export function agentDocument(
  settings: Settings,
  about: Pick<AgentDocument, 'host' | 'queue' | 'nonce'> & { readonly address: string },
): AgentDocument {
  const { address, ...agent } = about;
  const { settingsFile } = settings.agent;
  if (settingsFile !== undefined) return { ...agent, toml: readFileSync(settingsFile, 'utf8') };
  const { connection, artifacts, s3, encryption, secrets, pythonPlugins } = settings;
  return {
    ...agent,
    given: {
      connection: { ...connection, address },
      artifacts,
      ...(s3 ? { s3 } : {}),
      ...(pythonPlugins === undefined ? {} : { pythonPlugins }),
      ...(encryption ? { encryption } : {}),
      // Files of this machine are not there; what a vault holds is.
      secrets: secrets.location.startsWith('vault:') ? secrets : { location: 'environment:' },
    },
  };
}

/** Certificates are bytes, which JSON has not. */
export function writtenDocument(document: AgentDocument): string {
  const bytes = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
  // A Buffer would turn into JSON by itself before it is seen.
  return JSON.stringify(plainBytes(document), bytes);
}

export function readDocument(text: string): AgentDocument {
  return JSON.parse(text, (_, value: unknown) => {
    const base64 = typeof value === 'object' && value !== null ? (value as { base64?: unknown }).base64 : undefined;
    return typeof base64 === 'string' ? new Uint8Array(Buffer.from(base64, 'base64')) : value;
  }) as AgentDocument;
}

function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainBytes(item)]));
}

/** The settings that an agent runs with: what it was given, on folders below its own. */
export async function agentSettings(document: AgentDocument, folder: string): Promise<Settings> {
  const home = path.join(folder, 'data');
  const { settings } = await resolveSettings({
    flags: { home, task_queue: document.queue, embedded: false },
    environment: {},
    cwd: folder,
    homedir: folder,
    platform: process.platform,
    ...(document.toml === undefined ? {} : { user: { path: path.join(folder, 'settings.toml'), text: document.toml } }),
  });
  return { ...settings, ...document.given };
}
