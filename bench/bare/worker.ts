/** A worker of the bare workflow, with the settings of Caisson's own. Says `ready` when it polls. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = '', taskQueue = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./workflow.js', import.meta.url)),
  activities: { nothing: async () => undefined },
  maxConcurrentActivityTaskExecutions: 200,
  maxEagerActivityReservationsPerWorkflowTask: 50,
});
process.stdout.write('ready\n');
await worker.run();
