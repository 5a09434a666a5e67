import { expect } from 'vitest';
import type { Cloud } from './cloud.js';
import type { Deployment } from './deployment.js';

/** Takes the deployment down, after which the region is as it was before. */
export async function leavesNothing(cloud: Cloud, deployment: Deployment, before: readonly string[]): Promise<void> {
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
}
