/** A worker dies, or a call is refused for good, at each step in turn: nothing is made twice and nothing is left. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { networkWithMachine } from './blueprint.js';
import { type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

const REGION = 'us-west-2';
const CHANGES = /^(?!Describe|Get)/;

/** Calls of a whole install, and of a whole uninstall, that change something. */
const INSTALL_CALLS = 15;
const UNINSTALL_CALLS = 16;

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud(REGION);
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async () => await Deployment.of(networkWithMachine(cloud.config, REGION));

test('an install and an uninstall make as many calls as are interrupted below', async () => {
  const deployment = await deploy();
  await deployment.install();
  expect(cloud.proxy.changes()).toHaveLength(INSTALL_CALLS);
  cloud.proxy.reset();
  await deployment.uninstall();
  expect(cloud.proxy.changes()).toHaveLength(UNINSTALL_CALLS);
});

test('the worker may die at any call of an install and of an uninstall', { timeout: 120_000 }, async () => {
  const before = await cloud.inventory();
  for (let step = 0; step < UNINSTALL_CALLS; step += 1) {
    const deployment = await deploy();
    const dies = { action: CHANGES, after: step, fault: { kind: 'stop', onAnswer: () => deployment.kill() } } as const;
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.install();
    const made = cloud.proxy.changes().filter((action) => /^(Create|Run|Allocate)/.test(action));
    const live = await cloud.inventory();
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.uninstall();
    expect({ step, left: await cloud.inventory() }).toEqual({ step, left: before });
    // VPC with its own group and table, subnet, gateway, table, group, interface, address, machine, disk, and the disk
    // of the machine.
    expect({ step, live: live.length - before.length, made }).toMatchObject({ step, live: 12 });
  }
});

test('after a call was refused for good, at any step, an uninstall leaves nothing', { timeout: 120_000 }, async () => {
  const before = await cloud.inventory();
  for (let step = 0; step < INSTALL_CALLS; step += 1) {
    const deployment = await deploy();
    cloud.proxy.reset();
    cloud.proxy.add({
      action: CHANGES,
      after: step,
      fault: { kind: 'error', status: 403, code: 'UnauthorizedOperation' },
    });
    await expect(deployment.install()).rejects.toThrow('the credentials need the permission for this call');
    cloud.proxy.reset();
    await deployment.uninstall();
    expect({ step, left: await cloud.inventory() }).toEqual({ step, left: before });
  }
});
