/** Parameters of calls: checked before anything is sent, in the types that the API wants. */
import {
  CreateImage$,
  CreateVolume$,
  CreateVpc$,
  ImportKeyPair$,
  RequestSpotInstances$,
  RunInstances$,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { checkInput, inputShape, parametersOf, withoutSensitive } from '../../../plugins/aws/shapes.js';

const run = inputShape(RunInstances$);
const problemsOf = (shape: unknown, input: object) => checkInput(inputShape(shape), input as never).problems;

test('a parameter that the call does not have is refused, at any depth, with what may be meant', () => {
  const { problems } = checkInput(run, {
    MinCount: 1,
    MaxCount: 1,
    InstanceTyp: 't2.micro',
    Placement: { AvailabiltyZone: 'us-east-1a' },
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetID: 'subnet-1' }],
  });
  expect(problems).toEqual([
    'there is no parameter InstanceTyp; did you mean InstanceType?',
    'there is no parameter Placement.AvailabiltyZone; did you mean AvailabilityZone?',
    'there is no parameter NetworkInterfaces[0].SubnetID; did you mean SubnetId?',
  ]);
});

test('a required parameter that is missing is named', () => {
  expect(checkInput(run, { ImageId: 'ami-1' }).problems).toEqual([
    'parameter MaxCount is missing',
    'parameter MinCount is missing',
  ]);
});

test('texts become what the API wants: numbers, booleans, dates, bytes', () => {
  expect(checkInput(inputShape(CreateVolume$), { AvailabilityZone: 'a', Size: '8', Encrypted: 'true' }).input).toEqual({
    AvailabilityZone: 'a',
    Size: 8,
    Encrypted: true,
  });
  const spot = checkInput(inputShape(RequestSpotInstances$), {
    ValidUntil: '2030-01-02T03:04:05Z',
    SpotPrice: 0.5,
  }).input;
  expect(spot).toEqual({ ValidUntil: new Date('2030-01-02T03:04:05Z'), SpotPrice: '0.5' });
  const { input } = checkInput(inputShape(ImportKeyPair$), { KeyName: 'k', PublicKeyMaterial: 'ssh-rsa AAAA' });
  expect(Buffer.from(input.PublicKeyMaterial as Uint8Array).toString()).toBe('ssh-rsa AAAA');
});

test('what cannot become that is refused', () => {
  expect(problemsOf(CreateVolume$, { AvailabilityZone: 'a', Size: 'big', Encrypted: 'maybe' })).toEqual([
    'Size must be a number, not "big"',
    'Encrypted must be true or false, not "maybe"',
  ]);
  expect(problemsOf(CreateVpc$, { CidrBlock: ['10.0.0.0/16'], TagSpecifications: 'x' })).toEqual([
    'CidrBlock must be a plain value, not a list',
    'TagSpecifications must be a list, not "x"',
  ]);
});

test('kwargs are more members, a mapping stands for a list of one, and null for nothing', () => {
  const { input, problems } = checkInput(inputShape(CreateImage$), {
    InstanceId: 'i-1',
    Name: 'n',
    NoReboot: null,
    BlockDeviceMappings: { DeviceName: '/dev/sda1', Ebs: { VolumeSize: '9', kwargs: {} }, kwargs: { NoDevice: '' } },
  });
  expect(problems).toEqual([]);
  expect(input.BlockDeviceMappings).toEqual([{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 9 }, NoDevice: '' }]);
});

test('what is sensitive is left out of what is stored and logged', () => {
  expect(withoutSensitive(run, { ImageId: 'ami-1', UserData: 'c2VjcmV0' })).toEqual({ ImageId: 'ami-1' });
});

test('every call tells its parameters', () => {
  expect(parametersOf(run)).toEqual(expect.arrayContaining(['ClientToken', 'TagSpecifications', 'ImageId']));
});
