/** Names of load balancers and target groups: short, of letters, digits and hyphens. */
import { createHash } from 'node:crypto';
import type { NodeOperationContext } from '../../../sdk/context.js';

const LONGEST = 32;
const HASH = 8;

/** For what the blueprint gives no name: the same for an instance each time, and another for each instance. */
export function defaultName({ deployment, instance }: NodeOperationContext): string {
  const whole = `${deployment.id}-${instance.id}`;
  const name = whole.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  if (name.length <= LONGEST) return name;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH);
  return `${name.slice(0, LONGEST - HASH - 1).replace(/-$/, '')}-${hash}`;
}
