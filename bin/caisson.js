#!/usr/bin/env node
// Closed pipes (`caisson … | head`) end the process quietly.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(141);
    throw error;
  });

const { main } = await import('../dist/client/cli.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('dist/client/cli.js')) throw error;
  process.stderr.write('caisson is not built yet; run: npm run build\n');
  process.exit(1);
});
const code = await main(process.argv.slice(2));
// Not left to run dry: a long poll that nobody waits for any more would hold the process for many seconds.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
process.exit(code);
