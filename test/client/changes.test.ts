import { createColors } from 'picocolors';
import { expect, test } from 'vitest';
import { plannedChanges } from '../../client/plan/changes.js';
import { changesText } from '../../client/plan/changes-text.js';
import { initialInstances } from '../../graph/instances.js';
import { deploymentOf, PLUGINS, RELATIONSHIPS, version } from '../blueprint/compile-text.js';

const HEAD = `${version(5)}${PLUGINS}${RELATIONSHIPS}
node_types:
  T: { properties: { size: { default: 1 } } }
  U:
    derived_from: T
    interfaces: { cloudify.interfaces.lifecycle: { update: p.update } }
node_templates:
`;
const TO_B = 'relationships: [{ type: cloudify.relationships.connected_to, target: b }]';
const BEFORE = `${HEAD}  a: { type: T, ${TO_B} }\n  b: { type: U }\n  c: { type: T }\n`;

/** What an update from one to the other is shown as. */
async function shown(before: string, after: string): Promise<string[]> {
  const [old, now] = [await deploymentOf(before), await deploymentOf(after)];
  const instances = initialInstances(old).map((instance) => ({ ...instance, state: 'started' as const }));
  const changes = plannedChanges(old, instances, now);
  const text = changesText(changes, { deployment: 'shop', blueprint: 'shop.yaml' }, createColors(false));
  return text
    .replaceAll(/_\w{6}\b/g, '_id')
    .split('\n')
    .slice(1);
}

test('what comes, goes and becomes different is told, and how', async () => {
  const after = `${HEAD}  a: { type: T }\n  b: { type: U, properties: { size: { get_secret: size } } }\n  d: { type: T }\n`;
  expect(await shown(BEFORE, after)).toEqual([
    '  + d  T',
    '  ~ a  T  1 running instance, relationships alone',
    '      - cloudify.relationships.connected_to → b',
    '  ~ b  U  1 running instance, in place',
    '      size = 1 → (secret size)',
    '  - c_id  T',
    '',
    'Plan: 1 to create, 2 to change, 1 to remove.',
  ]);
});

test('the same blueprint changes nothing, and counts that were scaled stay', async () => {
  expect(await shown(BEFORE, BEFORE)).toEqual(['', 'Plan: nothing changes.']);
});

test('what a live deployment cannot take over is told with the reason', async () => {
  expect(await shown(BEFORE, BEFORE.replace('c: { type: T }', 'c: { type: U }'))).toEqual([
    '  ! node c changes its type from T to U',
    '',
    'A live deployment cannot take this blueprint over: uninstall it, and install it anew.',
  ]);
});
