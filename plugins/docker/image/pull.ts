import type Docker from 'dockerode';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { messageOf, statusOf } from '../engine/failure.js';
import type { Engine } from '../engine/open.js';
import { follow } from './progress.js';
import { imageReference, withTag } from './reference.js';
import { loginFor } from './registry.js';

/** The image as the engine has it, undefined when it has not. */
export async function findImage(engine: Engine, name: string): Promise<Docker.ImageInspectInfo | undefined> {
  return await engine.askUnless([404], `image ${name} cannot be looked at`, async () =>
    engine.docker.getImage(name).inspect(),
  );
}

/**
 * Pulls an image, or all tags of its repository. Doing it twice changes nothing.
 *
 * @throws NonRecoverableError when the registry has no such image, or refuses the login
 */
export async function pullImage(
  engine: Engine,
  ctx: NodeOperationContext,
  name: string,
  { allTags = false, platform }: { readonly allTags?: boolean; readonly platform?: string | undefined } = {},
): Promise<void> {
  const { repository, tag, digest, registry } = imageReference(withTag(name));
  const login = loginFor(ctx, name);
  const what = `image ${name} cannot be pulled`;
  ctx.logger.info(`Pulling ${name}${login ? ` with a login at ${registry}` : ''}`);
  const stream = await engine.ask(what, async () => {
    try {
      return await engine.docker.createImage(login ?? {}, {
        fromImage: repository,
        ...(allTags ? {} : { tag: digest ?? tag }),
        ...(platform === undefined ? {} : { platform }),
        abortSignal: engine.signal,
      });
    } catch (error) {
      throw refusal(what, engine.where, registry, login !== undefined, error);
    }
  });
  await follow(engine, what, stream, (line) => {
    ctx.heartbeat();
    if (line.status !== undefined && line.progress === undefined && line.id === undefined)
      ctx.logger.debug(line.status);
  });
}

/** What the registry says no to, no attempt will change. Other errors are left as they are. */
function refusal(what: string, where: string, registry: string, withLogin: boolean, error: unknown): unknown {
  const message = messageOf(error);
  if (/unauthorized|authentication required|no basic auth|denied/i.test(message))
    return new NonRecoverableError(
      `${what}: ${registry} refuses it (${message}); ${
        withLogin ? 'check the username and password in registry' : 'does it need a login? set registry'
      }`,
    );
  if (statusOf(error) === 404 || /manifest unknown|not found/i.test(message))
    return new NonRecoverableError(`${what}: ${registry} has no such image (${message}); check its name and tag`);
  if (/connection refused|no such host|i\/o timeout|no route to host/.test(message))
    return new RecoverableError(
      `${what}: the engine at ${where} cannot reach ${registry} (${message}); is that registry there, and its name right?`,
      { cause: error },
    );
  return error;
}
