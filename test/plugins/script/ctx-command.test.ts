import { expect, test } from 'vitest';
import { bash, errors, output, type ScriptCase } from './stage.js';

/** What each command prints, or how it fails. */
async function ctx(commands: readonly string[], options: ScriptCase = {}): Promise<Record<string, string>> {
  const lines = commands.map((command) => `show ${command}`).join('\n');
  const run = await bash(`show() { out=$(ctx "$@" 2>&1) && echo "=$out" || echo "!$out"; }\n${lines}`, options);
  expect(run.error).toBeUndefined();
  return Object.fromEntries(commands.map((command, at) => [command, output(run)[at] ?? 'nothing']));
}

test('plain text prints as it is, everything else as JSON; null prints nothing', async () => {
  const properties = { text: 'a b', zero: 0, no: false, yes: true, list: [1, 'a'], map: { k: [1] }, nothing: null };
  const answers = await ctx(
    ['text', 'zero', 'no', 'yes', 'list', 'map', 'nothing', 'map.k[0]'].map((key) => `node properties ${key}`),
    { properties },
  );
  expect(answers).toEqual({
    'node properties text': '=a b',
    'node properties zero': '=0',
    'node properties no': '=false',
    'node properties yes': '=true',
    'node properties list': '=[1, "a"]',
    'node properties map': '={"k": [1]}',
    'node properties nothing': '=',
    'node properties map.k[0]': '=1',
  });
});

test('-j prints JSON; flags may stand anywhere', async () => {
  const answers = await ctx(
    [
      '-j node properties text',
      'node properties text --json-output',
      'node -t 5 properties -j nothing',
      '--timeout=5 node id -j',
      '--json-arg-prefix % returns \'%{"a": 1}\'',
      'node properties',
    ],
    { properties: { text: 'é"', nothing: null } },
  );
  expect(Object.values(answers)).toEqual([
    '="\\u00e9\\""',
    '="\\u00e9\\""',
    '=null',
    '="node"',
    '=',
    '={"text": "\\u00e9\\"", "nothing": null}',
  ]);
});

test('members of the context, written with - or _', async () => {
  const answers = await ctx(
    [
      'type',
      'node name',
      'node type',
      'instance id',
      'instance index',
      'instance host-ip',
      'operation name',
      'operation retry-number',
      'operation max_retries',
      'workflow-id',
      'execution-id',
      'tenant-name',
      'deployment id',
      'blueprint id',
      'plugin name',
      'instance relationships',
      '-j deployment inputs a',
    ],
    {
      type: 'cloudify.nodes.WebServer',
      operation: 'cloudify.interfaces.lifecycle.start',
      deployment: { id: 'dep', inputs: { a: 'b' } },
      properties: { ip: '10.1.1.1' },
      hostId: 'node_1',
      relationships: [{ target: { name: 'db' } }],
    },
  );
  expect(Object.values(answers)).toEqual([
    '=node-instance',
    '=node',
    '=cloudify.nodes.WebServer',
    '=node_1',
    '=1',
    '=10.1.1.1',
    '=cloudify.interfaces.lifecycle.start',
    '=0',
    '=5',
    '=install',
    '=execution',
    '=default_tenant',
    '=dep',
    '=blueprint',
    '=script',
    '=[{"type": "cloudify.relationships.connected_to", "target_id": "db_1", "target_name": "db"}]',
    '="b"',
  ]);
});

test('writing: text stays text, @ is JSON, paths reach into objects and lists', async () => {
  const run = await bash(
    `p() { ctx instance runtime-properties "$@"; }
     p port 8080
     p count @8080
     p a.b.c deep
     p list[0] first
     p list[1].k @true
     p kept.new @null
     p negative -5
     p empty ''
     p pop gone
     p -- keys 'a key'
     p values 'another key'`,
    { runtimeProperties: { list: ['old'], kept: { old: 1 }, gone: 1 } },
  );
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({
    list: ['first', { k: true }],
    kept: { old: 1, new: null },
    port: '8080',
    count: 8080,
    a: { b: { c: 'deep' } },
    negative: '-5',
    empty: '',
    keys: 'a key',
    values: 'another key',
  });
});

test('methods of runtime properties', async () => {
  const run = await bash(
    `p() { ctx instance runtime-properties "$@"; }
     echo "$(p pop a) $(p pop none default) $(p get b) $(p keys)"
     p update '@{"c": 3}'
     p copy
     ctx instance update
     p clear`,
    { runtimeProperties: { a: 1, b: 2 } },
  );
  expect(output(run)).toEqual(['1 default 2 ["b"]', '{"b": 2, "c": 3}']);
  expect(run.flushes).toHaveLength(1);
  expect(run.stored()).toEqual({});
});

test('what cannot be done fails the command and says why', async () => {
  const answers = await ctx(
    [
      'node properties missing',
      'node properties a b',
      'nothing here',
      'instance runtime-properties a b c',
      'instance runtime-properties a @{',
      'instance id more',
      'source node id',
      'send-event',
      'download-resource \'@{"path": 1}\'',
      'get-resource ../../etc/passwd',
    ],
    { properties: { a: 1 } },
  );
  expect(Object.values(answers)).toEqual([
    '!CtxError: illegal path: missing',
    '!NonRecoverableError: Cannot override read only properties',
    '!CtxError: nothing cannot be processed in [nothing, here]',
    '!CtxError: c cannot be processed in [instance, runtime-properties, a, b, c]',
    expect.stringMatching(/^!CtxError: @\{ is not JSON/),
    '!CtxError: more cannot be processed in [instance, id, more]',
    expect.stringMatching('ctx.source/ctx.target can only be used in a relationship-instance context'),
    '!CtxError: it takes event; it was given 0',
    '!CtxError: there is no argument path; there are resource_path, target_path',
    expect.stringMatching('lies outside the blueprint'),
  ]);
});

test('logs and events, with values put in', async () => {
  const run = await bash(`ctx logger info 'port %s of %d' 80 @2
    ctx logger warn careful
    ctx logger error '100%'
    ctx send-event 'half way'`);
  expect(run.logs.filter(({ level }) => level !== 'debug')).toEqual([
    { level: 'info', message: 'port 80 of 2' },
    { level: 'warning', message: 'careful' },
    { level: 'error', message: '100%' },
  ]);
  expect(run.events).toEqual(['half way']);
});

test('resources: content, download, rendering with variables', async () => {
  const run = await bash(
    `ctx get-resource big | wc -c
     cat "$(ctx download-resource sub/plain.txt)"
     ctx download-resource sub/plain.txt "$PWD/copy.txt" >/dev/null; cat copy.txt
     cat $(ctx download-resource-and-render t.txt '@{"template_variables": {"x": "7"}}')
     ctx get-resource-and-render t.txt @null || ctx get-resource-and-render t.txt`,
    {
      properties: { n: 'N' },
      resources: {
        'sub/plain.txt': 'plain\n',
        't.txt': '{{ x }}{{ ctx.node.properties.n }}\n',
        big: 'x'.repeat(100_000),
      },
    },
  );
  expect(errors(run)).toEqual([]);
  expect(output(run)).toEqual(['100000', 'plain', 'plain', '7N', 'N']);
});

test('secrets read by a script are blanked in its log', async () => {
  const run = await bash('secret=$(ctx get-secret db_password); echo "got $secret" >&2; ctx logger info "is $secret"', {
    secrets: { db_password: 'hunter22' },
  });
  expect(JSON.stringify(run.logs)).not.toMatch('hunter22');
  expect(errors(run)).toEqual(['got ***']);
});

test('many commands in one script, some at once', async () => {
  const run = await bash(
    `for i in $(seq 20); do ctx instance runtime-properties "a$i" "$i" & done; wait
     ctx instance runtime-properties keys | tr -cd , | wc -c`,
  );
  expect(output(run)).toEqual(['19']);
});
