/**
 * HTTP agents for the engine's client. That client writes each request with its agent, hidden members and all, into a
 * text for its debug log, whether or not there is one: seconds of work, unless the agent says how it is written.
 */
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';

/** A connection for each call: one that is kept may be closed by the other side just when it is used again. */
const UNKEPT = { keepAlive: false };

export function plainAgent(): http.Agent {
  return briefly(new http.Agent(UNKEPT));
}

/** @param verify whether the engine's certificate must be valid */
export function tlsAgent(verify: boolean): http.Agent {
  return briefly(new https.Agent({ ...UNKEPT, rejectUnauthorized: verify }));
}

/** An agent that makes its connections by `open`. They are dear, and nobody closes them: they are used again. */
export function agentOver(open: () => Promise<Duplex>): http.Agent {
  const agent = briefly(new http.Agent({ keepAlive: true }));
  const connecting = (_options: object, done: (error: Error | null, stream?: Duplex) => void): void => {
    open().then(
      (stream) => done(null, withSocketMethods(stream)),
      (error: Error) => done(error),
    );
  };
  return Object.assign(agent, { createConnection: connecting });
}

/** The HTTP client calls these on what it takes for a socket. */
function withSocketMethods(stream: Duplex): Duplex {
  const same = () => stream;
  return Object.assign(stream, { setKeepAlive: same, setNoDelay: same, setTimeout: same, ref: same, unref: same });
}

function briefly<Agent extends http.Agent>(agent: Agent): Agent {
  return Object.defineProperty(agent, inspect.custom, { value: () => '[Agent]' });
}
