/**
 * What stands for machines on EC2 with Docker: the endpoint, whose Elastic IPs are loopback addresses; an SSH server at
 * all of those, which lets in the key pairs of the instances that run; and behind it the engine of the tests.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DescribeKeyPairsCommand } from '@aws-sdk/client-ec2';
import { type Cloud, openCloud } from '../../plugins/aws/cloud.js';
import { moto } from '../../plugins/aws/moto.js';
import { type FaultProxy, faultProxy } from '../../plugins/docker/fault-proxy.js';
import { engineInventory } from '../../plugins/docker/inventory.js';
import { docker, engine } from '../../plugins/docker/node.js';
import { startSshServer } from '../../plugins/ssh-server.js';

export interface Machines {
  readonly cloud: Cloud;
  /** Before the engine. */
  readonly proxy: FaultProxy;
  readonly environment: Readonly<Record<string, string>>;
  /** Where they are, for the inputs of examples/ec2-docker. */
  readonly inputs: Readonly<Record<string, string | number>>;
  inventories(): Readonly<Record<string, () => Promise<readonly string[]>>>;
  /** Forgets all faults. */
  reset(): void;
  close(): Promise<void>;
}

const REGION = 'us-east-1';

export async function openMachines(): Promise<Machines> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-machines-'));
  const stops: (() => Promise<unknown>)[] = [async () => await rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const stop of stops.toReversed()) await stop();
  };
  try {
    const endpoint = await moto();
    stops.push(endpoint.stop);
    const cloud = await openCloud(REGION, endpoint.url);
    stops.push(cloud.close);
    const socket = path.join(folder, 'engine.sock');
    const proxy = await faultProxy(engine.socket, socket);
    stops.push(proxy.close);
    const ssh = await startSshServer(folder, stops, [`SetEnv DOCKER_HOST=unix://${socket}`], '0.0.0.0');
    const reset = (): void => {
      cloud.proxy.reset();
      proxy.failAt(undefined);
      proxy.onAnswer = undefined;
      // As a machine that boots gets the public key of its key pair.
      cloud.proxy.onAnswer = async ({ action, parameters: { KeyName } }) => {
        if (action === 'RunInstances' && KeyName !== undefined) await ssh.admit(await publicKey(cloud, KeyName));
      };
    };
    reset();
    return {
      cloud,
      proxy,
      environment: { AWS_ACCESS_KEY_ID: 'testing', AWS_SECRET_ACCESS_KEY: 'testing', CAISSON_AWS_POLL_MS: '100' },
      inputs: {
        region: REGION,
        endpoint_url: cloud.proxy.url,
        ami_owner: '137112412989',
        ami_name: 'amzn2-ami-hvm-*',
        ssh_user: ssh.user,
        ssh_port: ssh.port,
        docker_socket: socket,
      },
      inventories: () => ({ ec2: cloud.inventory, engine: async () => await engineInventory(docker) }),
      reset,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function publicKey({ ec2 }: Cloud, name: string): Promise<string> {
  const { KeyPairs } = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name], IncludePublicKey: true }));
  return KeyPairs?.[0]?.PublicKey ?? '';
}
