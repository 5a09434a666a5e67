/** Whom the plugin talks to, and as whom. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '../../../plugins/aws/api-error.js';
import { clientSettings } from '../../../plugins/aws/client-config.js';
import { operationError } from '../../../plugins/aws/failures.js';
import { NonRecoverableError } from '../../../plugins/sdk/errors.js';
import { blueprint } from './blueprint.js';
import { type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

const of = (config: object, key = 'client_config') => clientSettings({}, { [key]: config } as never, {});

afterEach(() => {
  delete process.env.AWS_DEFAULT_REGION;
});

describe('settings', () => {
  test('the node overrules the plugin, and the runtime property both', () => {
    const settings = clientSettings(
      { region_name: 'us-east-1', aws_access_key_id: 'p', aws_secret_access_key: 'p' },
      { client_config: { region_name: 'us-east-2', aws_access_key_id: 'n', aws_secret_access_key: '' } },
      { client_config: { region_name: 'us-west-1' } },
    );
    expect(settings).toEqual({ region: 'us-west-1', credentials: { accessKeyId: 'n', secretAccessKey: 'p' } });
  });

  test('the old family has its own names', () => {
    const settings = of(
      {
        aws_access_key_id: 'a',
        aws_secret_access_key: 's',
        ec2_region_name: 'eu-west-1',
        ec2_region_endpoint: 'ec2.example.com',
      },
      'aws_config',
    );
    expect(settings).toEqual({
      region: 'eu-west-1',
      endpoint: 'https://ec2.example.com',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    });
  });

  test('a region that is none is refused, and a zone is told from its region', () => {
    expect(() => of({ region_name: 'Ireland' })).toThrow('"Ireland", which is no region name');
    expect(() => of({ region_name: 'us-east-1b' })).toThrow(
      'us-east-1b, which is an availability zone; its region is us-east-1',
    );
    expect(of({ region_name: 'us-gov-west-1' }).region).toBe('us-gov-west-1');
    expect(of({ region_name: 'local', endpoint_url: 'http://localhost:1' }).region).toBe('local');
  });

  test('without a region in the blueprint the environment has the word', () => {
    process.env.AWS_DEFAULT_REGION = 'ca-central-1';
    expect(of({}).region).toBe('ca-central-1');
  });

  test('half of the credentials are refused, none leave it to the environment', () => {
    expect(() => of({ aws_access_key_id: 'a' })).toThrow('no aws_secret_access_key');
    expect(of({}).credentials).toBeUndefined();
  });

  test('boto3 settings of retries are understood', () => {
    expect(of({ additional_config: { retries: { max_attempts: 10, mode: 'adaptive' } } })).toEqual({
      maxAttempts: 10,
      retryMode: 'adaptive',
    });
  });
});

describe('on the wire', () => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await openCloud('eu-central-1');
  });
  afterAll(async () => await cloud?.close());

  const VPC =
    '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.8.0.0/16 } } }';

  test('a role is taken on before the first call', async () => {
    const role = cloud.config.replace('{', '{ assume_role: "arn:aws:iam::123456789012:role/builder",');
    const deployment = await Deployment.of(blueprint(role, VPC));
    await deployment.install();
    expect(cloud.proxy.log[0]).toMatchObject({
      action: 'AssumeRole',
      parameters: {
        RoleArn: 'arn:aws:iam::123456789012:role/builder',
        RoleSessionName: expect.stringMatching(/^caisson-/),
      },
    });
    expect(cloud.proxy.log.filter(({ action }) => action === 'AssumeRole')).toHaveLength(1);
    await deployment.uninstall();
  });

  test('an unknown parameter fails at once, before anything is sent, and says what may be meant', async () => {
    cloud.proxy.reset();
    const node =
      '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.8.0.0/16, kwargs: { InstanceTennancy: dedicated } } } }';
    const deployment = await Deployment.of(blueprint(cloud.config, node));
    await expect(deployment.install()).rejects.toThrow(
      'there is no parameter InstanceTennancy; did you mean InstanceTenancy?',
    );
    expect(cloud.proxy.log).toEqual([]);
    expect(deployment.logs.filter((line) => line.startsWith('retry'))).toEqual([]);
  });

  test('user data is sent in base64 and kept out of properties and logs', async () => {
    cloud.proxy.reset();
    const node = `  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ami-760aaa0f, InstanceType: t2.micro, kwargs: { UserData: { password: hunter22 } } } } }`;
    const deployment = await Deployment.of(blueprint(cloud.config, node));
    await deployment.install();
    const sent = cloud.proxy.log.find(({ action }) => action === 'RunInstances')?.parameters.UserData ?? '';
    expect(JSON.parse(Buffer.from(sent, 'base64').toString())).toEqual({ password: 'hunter22' });
    expect(JSON.stringify([deployment.properties('vm'), deployment.logs])).not.toContain('hunter22');
    expect(JSON.stringify([deployment.properties('vm'), deployment.logs])).not.toContain(sent);
    await deployment.uninstall();
  });

  test('an endpoint that refuses connections is told as such, and tried again', async () => {
    const config = cloud.config.replace(/endpoint_url: "[^"]*"/, 'endpoint_url: "http://127.0.0.1:9"');
    const deployment = await Deployment.of(blueprint(config, VPC));
    deployment.maxRetries = 1;
    await expect(deployment.run('vpc', 'create')).rejects.toThrow(
      /create of vpc_\w+: CreateVpc: ECONNREFUSED.*can the worker reach it/,
    );
    expect(deployment.logs.filter((line) => line.startsWith('retry'))).toHaveLength(1);
    expect(deployment.properties('vpc').__create_token).toBeUndefined();
  });
});

test('what is given beside the import is for all nodes', async () => {
  const cloud = await openCloud('ap-northeast-1');
  const deployment = await Deployment.of(`
tosca_definitions_version: cloudify_dsl_1_5
imports:
  - cloudify/types/types.yaml
  - 'plugin:cloudify-aws-plugin': ${cloud.config}
node_templates:
  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { resource_config: { CidrBlock: 10.8.0.0/16 } } }
`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(['CreateVpc']);
  await deployment.uninstall();
  await cloud.close();
});

test('a region that does not exist is told from a network that does not work', async () => {
  const scene = { instanceId: 'vm_1', operation: 'create', retryNumber: 0 };
  const missing = (host: string) =>
    operationError(new ApiError('RunInstances', 'ENOTFOUND', undefined, `getaddrinfo ENOTFOUND ${host}`), scene);
  const misspelt = await missing('ec2.us-esat-1.amazonaws.com');
  expect(misspelt).toBeInstanceOf(NonRecoverableError);
  expect(misspelt).toHaveProperty(
    'message',
    expect.stringContaining('no region us-esat-1 is known; did you mean us-east-1?: check client_config.region_name'),
  );
  expect(await missing('ec2.example.org')).toHaveProperty('message', expect.stringMatching(/^create of vm_1: Run/));
});

test('load balancers of the old family may be elsewhere than EC2', () => {
  const config = { ec2_region_name: 'eu-west-1', ec2_region_endpoint: 'ec2.local', elb_region_endpoint: 'elb.local' };
  const of = (more: object, service: 'ec2' | 'elb') =>
    clientSettings({}, { aws_config: { ...config, ...more } }, {}, service);
  expect(of({}, 'ec2')).toMatchObject({ region: 'eu-west-1', endpoint: 'https://ec2.local' });
  expect(of({}, 'elb')).toMatchObject({ region: 'eu-west-1', endpoint: 'https://elb.local' });
  expect(of({ elb_region_name: 'eu-west-2' }, 'elb')).toMatchObject({ region: 'eu-west-2' });
});

test('what could not be begun for want of a region is uninstalled all the same', async () => {
  const deployment = await Deployment.of(
    blueprint(
      '{ region_name: Ireland }',
      '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.0.0.0/16 } } }',
    ),
  );
  await expect(deployment.install()).rejects.toThrow('"Ireland", which is no region name');
  await deployment.uninstall();
  expect(deployment.properties('vpc')).toEqual({});
  const rules = await Deployment.of(
    blueprint(
      '{ endpoint_url: "http://127.0.0.1:9", region_name: us-east-1 }',
      '  rules: { type: cloudify.nodes.aws.ec2.SecurityGroupRuleIngress, properties: { CLIENT, resource_config: { kwargs: { GroupId: sg-1 }, IpPermissions: [{ IpProtocol: tcp, FromPort: 1, ToPort: 1 }] } } }',
    ),
  );
  rules.maxRetries = 0;
  await expect(rules.install()).rejects.toThrow('AuthorizeSecurityGroupIngress');
  await rules.uninstall();
});
