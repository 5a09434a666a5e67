/** Volumes on instances: attached once, detached once, whoever asks and however often. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import type { Api } from './api.js';
import { ApiError } from './api-error.js';
import { objectsAt } from './json.js';
import { whenFree } from './lifecycle.js';
import { waitFor } from './wait.js';

export interface Attachment {
  readonly VolumeId: string;
  readonly InstanceId: string;
}

/** @returns what the API tells of the attachment */
export async function attachVolume(
  ctx: OperationContext,
  api: Api,
  request: Attachment & JsonObject,
): Promise<JsonObject> {
  const { VolumeId, InstanceId } = request;
  if (!(await attachmentOf(api, request)))
    await whenFree({ ctx }, `attach ${VolumeId} to ${InstanceId}`, async () => {
      if (!(await attachmentOf(api, request))) await api.send('AttachVolume', request);
    });
  return await waitFor(ctx, `${VolumeId} to be attached to ${InstanceId}`, async () => {
    const attachment = await attachmentOf(api, request);
    return attachment?.State === 'attached' ? attachment : undefined;
  });
}

export async function detachVolume(
  ctx: OperationContext,
  api: Api,
  { VolumeId, InstanceId }: Attachment,
  more: JsonObject = {},
): Promise<void> {
  const which = { VolumeId, InstanceId };
  if (!(await attachmentOf(api, which))) return ctx.logger.info('%s is not attached to %s', VolumeId, InstanceId);
  await whenFree({ ctx }, `detach ${VolumeId} from ${InstanceId}`, async () => {
    if ((await attachmentOf(api, which))?.State !== 'detaching') await api.send('DetachVolume', { ...which, ...more });
  });
  await waitFor(ctx, `${VolumeId} to be detached from ${InstanceId}`, async () =>
    (await attachmentOf(api, which)) ? undefined : true,
  );
}

async function attachmentOf(api: Api, { VolumeId, InstanceId }: Attachment): Promise<JsonObject | undefined> {
  try {
    const answer = await api.send('DescribeVolumes', { VolumeIds: [VolumeId] });
    return objectsAt(answer, 'Volumes.Attachments').find(
      (attachment) => attachment.InstanceId === InstanceId && attachment.State !== 'detached',
    );
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}
