import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** Any port that is free on loopback now. */
export async function freePort(): Promise<number> {
  return (await bound(0))!;
}

export async function isFree(port: number): Promise<boolean> {
  return (await bound(port)) !== undefined;
}

/**
 * Below the ports that systems give to outgoing connections: one of those would hold a server's port while the server is
 * being started again, and then its links and its worker would be left behind.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** A free port that is the same each time for the same name, as long as nobody else takes it. */
export async function stablePort(name: string): Promise<number> {
  const start = createHash('sha256').update(name).digest().readUInt32BE() % COUNT;
  for (let step = 0; step < 100; step += 1) {
    const port = FIRST + ((start + step * 7) % COUNT);
    if (await isFree(port)) return port;
  }
  return await freePort();
}

function bound(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const { port: taken } = probe.address() as { port: number };
      probe.close(() => resolve(taken));
    });
  });
}
