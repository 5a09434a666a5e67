import { connect } from 'node:net';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { agentOver, plainAgent, tlsAgent } from '../../../../plugins/docker/engine/agents.js';

test.each([plainAgent(), tlsAgent(true), agentOver(async () => connect(1))])(
  'the client of the engine, which writes its requests to a text with everything in them, is done soon',
  (agent) => {
    expect(inspect({ agent }, { showHidden: true, depth: null })).toBe('{ agent: [Agent] }');
  },
);
