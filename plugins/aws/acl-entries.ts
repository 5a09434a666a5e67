/** Entries of a network ACL have no ids: number and direction name one. */
import type { JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { Api } from './api.js';
import { ApiError } from './api-error.js';
import { objectsAt } from './json.js';

const TELLING = ['Protocol', 'RuleAction', 'CidrBlock', 'Ipv6CidrBlock'] as const;

export function aclEntries(api: Api) {
  async function present({
    NetworkAclId = '',
    RuleNumber,
    Egress = false,
  }: JsonObject): Promise<JsonObject | undefined> {
    const found = objectsAt(
      await api.send('DescribeNetworkAcls', { NetworkAclIds: [NetworkAclId] }),
      'NetworkAcls.Entries',
    );
    return found.find((entry) => Number(entry.RuleNumber) === Number(RuleNumber) && entry.Egress === Egress);
  }

  return {
    /** One that is there already and says the same is as good as made. */
    async add(entry: JsonObject): Promise<void> {
      const complete = { Egress: false, ...entry };
      try {
        await api.send('CreateNetworkAclEntry', complete);
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'NetworkAclEntryAlreadyExists') throw error;
        const other = await present(complete);
        const same = TELLING.every((key) => entry[key] === undefined || String(entry[key]) === String(other?.[key]));
        if (!same) throw new NonRecoverableError(`${error.message}: entry ${entry.RuleNumber} is another one`);
      }
    },
    async remove({ NetworkAclId = '', RuleNumber = 0, Egress = false }: JsonObject): Promise<void> {
      try {
        await api.send('DeleteNetworkAclEntry', { NetworkAclId, RuleNumber, Egress });
      } catch (error) {
        if (!(error instanceof ApiError) || !error.gone) throw error;
      }
    },
  };
}
