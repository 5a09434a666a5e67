/**
 * `npm run bench`: ratios, measured in one run. `--compile`: the compiler alone. `--size`: how big deployments may be.
 * `--workers 1,2,4`: what more workers bring.
 * `--json`: the last line is one JSON object.
 */
import { parseArgs } from 'node:util';
import { benchWalk } from './walk.js';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', multiple: true },
    repeat: { type: 'string' },
    'no-scripts': { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
    size: { type: 'boolean', default: false },
    workers: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

if (values.compile) {
  const { benchCompile } = await import('./compile.js');
  const results = await benchCompile();
  if (!values.json)
    for (const { nodes, compile_ms, prepare_ms } of results)
      process.stdout.write(
        `${nodes} nodes: compiled in ${compile_ms} ms of processor time, prepared in ${prepare_ms} ms\n`,
      );
  process.stdout.write(`${JSON.stringify({ results })}\n`);
  process.exit(0);
}

if (values.size) {
  const { benchSize } = await import('./size.js');
  const results = await benchSize({ say });
  process.stdout.write(`${JSON.stringify({ results })}\n`);
  process.exit(0);
}

if (values.workers !== undefined) {
  const { benchWorkers } = await import('./workers.js');
  const results = await benchWorkers({ workers: values.workers.split(',').map(Number), say });
  if (!values.json)
    for (const { kind, workers, operations_per_second, ratio, worker_cpu_ms, server_cpu_ms } of results)
      process.stdout.write(
        `${kind}: ${workers} workers, ${operations_per_second} operations/s, ${ratio} times one; ` +
          `processor time for each: workers ${worker_cpu_ms ?? '?'} ms, server ${server_cpu_ms ?? '?'} ms\n`,
      );
  process.stdout.write(`${JSON.stringify({ results })}\n`);
  process.exit(0);
}

const asked = (values.nodes ?? []).flatMap((text) => text.split(',')).map(Number);
const sizes = asked.length > 0 ? asked : [30, 300, 3_000];
const results = [];
for (const nodes of sizes) {
  // A process start for each script: at thousands of nodes that is minutes about the machine, not about Caisson.
  const scripts = !values['no-scripts'] && nodes <= 300;
  const repeat = values.repeat === undefined ? (nodes > 1_000 ? 1 : 3) : Number(values.repeat);
  results.push(...(await benchWalk({ nodes: [nodes], repeat, scripts, say })));
}
if (!values.json)
  for (const { nodes, ratio, script_ratio, bare_ms, install_ms, worker_peak_mib } of results)
    process.stdout.write(
      `${nodes} nodes: install ÷ bare = ${ratio} (${install_ms} ms ÷ ${bare_ms} ms)${script_ratio === null ? '' : `, of scripts ${script_ratio}`}, worker at most ${worker_peak_mib} MiB\n`,
    );
const last = results.at(-1);
process.stdout.write(`${JSON.stringify({ ...last, results })}\n`);
