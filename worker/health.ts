/** How a worker is, told in a file that costs nothing to read, and over HTTP to whoever supervises containers. */
import { createServer, type Server } from 'node:http';

export interface WorkerHealth {
  readonly pid: number;
  readonly identity: string;
  /**
   * `polling`: takes work. `disconnected`: waits for the server to come back. `draining`: finishes what runs, takes
   * nothing new.
   */
  readonly state: 'starting' | 'polling' | 'disconnected' | 'draining';
  /** RFC 3339: since when it is in this state. */
  readonly since: string;
  /** RFC 3339: it is alive at this time. */
  readonly beat_at: string;
  readonly address: string;
  readonly namespace: string;
  readonly task_queue: string;
  readonly plugins: readonly string[];
  /** Resident memory. */
  readonly memory_bytes: number;
}

/**
 * Serves `GET /healthz` (200 while the process lives) and `GET /readyz` (200 while it polls, else 503), each with the
 * health as JSON.
 *
 * @param at HOST:PORT
 */
export async function serveHealth(at: string, health: () => WorkerHealth): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const known = path === '/healthz' || path === '/readyz';
    const told = health();
    const ready = path === '/healthz' || told.state === 'polling';
    response.writeHead(!known ? 404 : ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(known ? JSON.stringify(told) : '{}');
  });
  const [, host = '127.0.0.1', port = '0'] = /^(.*):(\d+)$/.exec(at) ?? [];
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve);
  });
  server.unref();
  return server;
}
