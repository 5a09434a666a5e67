/** What a command works with: the connection and the installed plugins, opened when first asked for. */
import type { Catalog } from '../plugins/catalog.js';
import type { GlobalOptions } from './commands/definition.js';
import type { CaissonConnection } from './connection.js';
import type { Io } from './output/io.js';

export interface Session {
  readonly connection: CaissonConnection;
  close(): Promise<void>;
}

/** Settings, then a server (started on this machine if none is configured), then the connection. */
export async function openSession(_global: GlobalOptions, _io: Io): Promise<Session> {
  throw new Error('not yet');
}

/** The plugins that blueprints may import here. */
export async function installedPlugins(): Promise<Catalog> {
  const { builtInPlugins } = await import('../plugins/builtin.js');
  return await builtInPlugins();
}

/** Runs with a session and closes it, whatever happens. */
export async function withSession<Result>(
  global: GlobalOptions,
  io: Io,
  run: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(global, io);
  try {
    return await run(session);
  } finally {
    await session.close();
  }
}
