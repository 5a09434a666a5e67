import type { OperationContext } from '../../sdk/context.js';
import type { Api } from '../api.js';
import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { whenFree } from '../lifecycle.js';
import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';

export const internetGateway: Resource = {
  name: 'internet_gateway',
  title: 'internet gateway',
  tagType: 'internet-gateway',
  create: { command: 'CreateInternetGateway', answer: 'InternetGateway' },
  describe: {
    command: 'DescribeInternetGateways',
    by: 'InternetGatewayIds',
    answer: 'InternetGateways',
    id: 'InternetGatewayId',
  },
  remove: { command: 'DeleteInternetGateway', input: (InternetGatewayId) => ({ InternetGatewayId }) },
  request: (_, { VpcId: __, ...config }) => config,
};

export const internetGatewayOperations = operationsOf(internetGateway, { attach, detach });

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, force, external } = call;
  const gateway = textAt(runtime, 'aws_resource_id');
  const vpc = vpcOf(call);
  if (gateway === undefined || vpc === undefined) return;
  if (external && !force && (await attachmentsOf(api, gateway)).length > 0)
    return ctx.logger.info('%s existed before and is left attached as it is', gateway);
  await attachInternetGateway(api, gateway, vpc);
  runtime.VpcId = vpc;
}

async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const gateway = textAt(runtime, 'aws_resource_id');
  const vpc = textAt(runtime, 'VpcId') ?? (call.external ? undefined : vpcOf(call));
  if (gateway === undefined || vpc === undefined) return;
  await detachInternetGateway(ctx, api, gateway, vpc);
  delete runtime.VpcId;
}

function vpcOf({ ctx, config }: Call): string | undefined {
  const [vpc] = relatedTo(ctx.instance, 'vpc');
  return textAt(config, 'VpcId') ?? (vpc && idFrom(vpc));
}

export async function attachInternetGateway(api: Api, InternetGatewayId: string, VpcId: string): Promise<void> {
  if ((await attachmentsOf(api, InternetGatewayId)).includes(VpcId)) return;
  await api.send('AttachInternetGateway', { InternetGatewayId, VpcId });
}

export async function detachInternetGateway(ctx: OperationContext, api: Api, InternetGatewayId: string, VpcId: string) {
  if (!(await attachmentsOf(api, InternetGatewayId)).includes(VpcId)) return;
  await whenFree({ ctx }, `detach ${InternetGatewayId} from ${VpcId}`, async () => {
    await api.send('DetachInternetGateway', { InternetGatewayId, VpcId });
  });
}

async function attachmentsOf(api: Api, InternetGatewayId: string): Promise<string[]> {
  try {
    const answer = await api.send('DescribeInternetGateways', { InternetGatewayIds: [InternetGatewayId] });
    return objectsAt(answer, 'InternetGateways.Attachments').map(({ VpcId }) => String(VpcId));
  } catch (error) {
    if (error instanceof ApiError && error.gone) return [];
    throw error;
  }
}
