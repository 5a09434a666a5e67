/** The node exporter of a host, set up by a script there: over SSH, or on this machine. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../blueprint/json.js';
import { quote } from '../script/shell-line.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, numberOf, textOf, textsOf } from '../values.js';
import { at } from './place.js';

const SCRIPT = fileURLToPath(new URL('./node-exporter.sh', import.meta.url));

export type ExporterAction = 'install' | 'start' | 'stop' | 'uninstall' | 'check';

/** @param inputs `port`, `listen_address`, `arguments`, `download_url`, `sha256`, `install_package` */
export async function nodeExporter(ctx: OperationContext, action: ExporterAction, inputs: JsonObject): Promise<void> {
  const own = requireNode(ctx);
  const settings: JsonObject = { ...own.node.properties, ...inputs };
  const port = numberOf(settings.port, 'the port of the node exporter') ?? 9100;
  const url = textOf(settings.download_url);
  const sum = textOf(settings.sha256);
  if (url !== undefined && sum === undefined)
    throw new NonRecoverableError('download_url of the node exporter needs its sha256: what is run is checked first');
  const script = await readFile(SCRIPT, 'utf8');
  await at(ctx, own, async (place, address) => {
    // On this machine nobody else has to reach it.
    const listen =
      textOf(settings.listen_address) ?? (address === undefined || /^127\./.test(address) ? '127.0.0.1' : '');
    const variables = {
      PORT: String(port),
      LISTEN: listen,
      ARGUMENTS: textsOf(settings.arguments).map(quote).join(' '),
      DOWNLOAD_URL: url ?? '',
      SHA256: sum ?? '',
      INSTALL_PACKAGE: settings.install_package === undefined || isTrue(settings.install_package) ? 'yes' : 'no',
    };
    const exported = Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`);
    const output = await place.run(`env ${exported.join(' ')} sh -s ${action}`, script);
    for (const line of output.split('\n')) if (line !== '') ctx.logger.info('%s', line);
  });
  if (action === 'start') own.instance.runtimeProperties.node_exporter = { port };
  if (action === 'stop') delete own.instance.runtimeProperties.node_exporter;
}
