// The `ctx` command of scripts, for workers without bash or Python.
import { request } from 'node:http';

const args = process.argv.slice(2);
let url = process.env.CTX_SOCKET_URL;
for (const [at, argument] of args.entries()) {
  if (argument === '--socket-url') url = args[at + 1];
  else if (argument.startsWith('--socket-url=')) url = argument.slice('--socket-url='.length);
}
if (args[0] === '-h' || args[0] === '--help') {
  process.stdout.write('usage: ctx [-t SECONDS] [-j] [--json-arg-prefix @] [--socket-url URL] [--] WORD...\n');
} else if (!url) {
  fail('CTX_SOCKET_URL is not set: ctx works in scripts that the script plugin runs');
} else {
  const headers = { 'content-type': 'application/x-ctx-arguments', connection: 'close' };
  const sent = request(url, { method: 'POST', headers }, (response) => {
    const code = Number(response.headers['x-ctx-exit'] ?? 1);
    process.exitCode = code;
    response.pipe(code === 0 ? process.stdout : process.stderr);
  });
  sent.on('error', (error) =>
    fail(`nobody answers at ${new URL(url).origin} (${error.message}): has the script ended?`),
  );
  sent.end(args.map((argument) => `${argument}\0`).join(''));
}

function fail(message) {
  process.stderr.write(`ctx: ${message}\n`);
  process.exitCode = 1;
}
