import { expect, test } from 'vitest';
import { bash, errors, output, runFile } from './stage.js';

test('a script reads its node and writes the runtime properties of its instance', async () => {
  const run = await bash(
    `port=$(ctx node properties port)
     ctx instance runtime-properties url "http://localhost:$port"
     ctx instance runtime_properties count @3`,
    { properties: { port: 8080 } },
  );
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({ url: 'http://localhost:8080', count: 3 });
});

test('inputs are environment variables: text and numbers as they are, the rest as JSON, null as nothing', async () => {
  const run = await bash(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
    'for name in text number fraction flag list map nothing; do echo "$name=${!name}"; done; echo "${nothing+set}"',
    {
      inputs: {
        text: 'two words',
        number: 5,
        fraction: 1.5,
        flag: true,
        list: [1, 'a'],
        map: { k: 'é' },
        nothing: null,
      },
    },
  );
  expect(output(run)).toEqual([
    'text=two words',
    'number=5',
    'fraction=1.5',
    'flag=true',
    'list=[1, "a"]',
    'map={"k": "\\u00e9"}',
    'nothing=',
    'set',
  ]);
});

test('process.env wins over inputs; arguments are joined into the shell line', async () => {
  const run = await bash('echo "$name"; for a; do echo "<$a>"; done', {
    inputs: { name: 'input' },
    process: { env: { name: 'env', HOME: '/home/x' }, args: ['a', '"b c"', '$HOME'] },
  });
  expect(output(run)).toEqual(['env', '<a>', '<b c>', '</home/x>']);
});

test('lines are logged as they come, with their stream', async () => {
  const run = await bash('echo one; echo two >&2; printf three');
  expect(output(run)).toEqual(['one', 'three']);
  expect(errors(run)).toEqual(['two']);
});

test('log_stdout, log_stderr and stderr_to_stdout', async () => {
  const quiet = await bash('echo one; echo two >&2', { process: { log_stdout: false, log_stderr: false } });
  expect([...output(quiet), ...errors(quiet)]).toEqual([]);
  const joined = await bash('echo one; echo two >&2', { process: { stderr_to_stdout: true } });
  expect(output(joined)).toEqual(['one', 'two']);
});

test('an exit code other than 0 is a recoverable failure that tells the end of stderr', async () => {
  const run = await bash('ctx instance runtime-properties made yes; echo "no space left" >&2; exit 3');
  expect(run.status).toBe('recoverable');
  expect(run.error).toMatchObject({ name: 'ProcessException', exitCode: 3, stderr: 'no space left\n' });
  expect(run.error?.message).toBe('scripts/run.sh exited with 3: no space left');
  expect(run.runtimeProperties).toEqual({ made: 'yes' });
});

test('a script without a first line that names its interpreter is run by sh', async () => {
  const run = await runFile('plain', 'echo "$0" | sed "s,.*/,,"\n');
  expect(output(run)).toEqual(['plain']);
});

test('command_prefix runs the script, whatever its first line says', async () => {
  const run = await runFile('x.sh', '#!/bin/false\necho ran $BASH_VERSION\n', {
    process: { command_prefix: 'bash -u' },
  });
  expect(output(run)[0]).toMatch(/^ran \d/);
});

test('a name that a shell would take apart is one word', async () => {
  const run = await runFile("it's; echo hacked $(id).sh", '#!/bin/sh\necho fine\n');
  expect(output(run)).toEqual(['fine']);
});

test('returns gives the result; only one of returns, abort and retry may be given', async () => {
  expect((await bash('ctx returns @42')).result).toBe(42);
  expect((await bash(`ctx returns '@{"a":1}'`)).result).toEqual({ a: 1 });
  expect((await bash(`ctx returns '@{"a":1}' '@{}'`)).result).toEqual({ a: 1 });
  const twice = await bash('ctx returns 1; ctx returns 2 || true');
  expect(twice.status).toBe('non-recoverable');
  expect(twice.error?.message).toBe('ctx may only abort or return once');
  const failed = await bash('ctx returns 1; exit 1');
  expect(failed).toMatchObject({ status: 'recoverable', result: undefined });
});

test('abort_operation fails the command, and the operation for good, even if the script goes on', async () => {
  const run = await runFile('x.sh', `#!/bin/sh\nctx abort_operation 'no way'\necho "code $?"\n`);
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toBe('no way');
  expect(output(run)).toEqual(['code 1']);
  expect(errors(run)).toEqual(['no way']);
});

test('retry_operation and operation retry ask for another attempt', async () => {
  const stopped = await bash("ctx retry-operation 'later' @7; echo unreached");
  expect(stopped).toMatchObject({ status: 'retry', error: { message: 'later [retry_after=7]', retryAfter: 7 } });
  expect(output(stopped)).toEqual([]);
  const flagged = await bash("ctx operation retry 'later' @7; echo reached");
  expect(flagged).toMatchObject({ status: 'retry', error: { retryAfter: 7 } });
  expect(output(flagged)).toEqual(['reached']);
});

test('ctx-sh ends the script when a ctx command fails', async () => {
  const run = await runFile('x.sh', '#!/bin/sh\n. ctx-sh\nctx node properties nothing\necho unreached\n');
  expect(run.status).toBe('recoverable');
  expect(output(run)).toEqual([]);
  expect(errors(run)).toEqual(['CtxError: illegal path: nothing']);
});

test('an unmodified script that starts a daemon in a shell of its own', async () => {
  const run = await bash(
    `cd $(mktemp -d)
     env -i /bin/bash -c "nohup sleep 60 > log.txt 2>&1 & echo \\$! > pid.txt"
     ctx instance runtime-properties pid $(cat pid.txt)
     ctx instance runtime-properties path $(pwd)`,
  );
  expect(run.status).toBe('succeeded');
  process.kill(Number(run.runtimeProperties.pid), 'SIGKILL');
});

test('relationship scripts read and write both sides', async () => {
  const run = await bash(
    `ctx source instance runtime-properties peer $(ctx target instance host-ip)
     ctx target instance runtime-properties clients.$(ctx source node name) $(ctx source node properties port)
     ctx node properties || true`,
    {
      source: { name: 'web', properties: { port: 80 } },
      target: { name: 'db', hostId: 'db_1', runtimeProperties: { ip: '10.0.0.9' } },
    },
  );
  expect(run.stored('web_1')).toEqual({ peer: '10.0.0.9' });
  expect(run.stored('db_1')).toEqual({ ip: '10.0.0.9', clients: { web: '80' } });
  expect(errors(run)).toEqual([
    'NonRecoverableError: ctx.node/ctx.instance can only be used in a node-instance context but used in a relationship-instance context',
  ]);
});
