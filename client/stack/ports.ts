import { createServer } from 'node:net';

/** The wanted port if it is free on loopback, else any free one. */
export async function freePort(wanted?: number): Promise<number> {
  return (wanted === undefined ? undefined : await bound(wanted)) ?? (await bound(0))!;
}

export async function isFree(port: number): Promise<boolean> {
  return (await bound(port)) !== undefined;
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
