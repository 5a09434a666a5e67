import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { type EncryptionKeys, encryptionCodec, encryptionKeys } from '../../store/encryption.js';
import { scratchFolder } from './scratch.js';

const key = (): string => randomBytes(32).toString('hex');

async function keysOf(text: string): Promise<EncryptionKeys> {
  return (await encryptionKeys({ keys: text }))!;
}

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value as string);
const read = (one: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(one!);

describe('keys', () => {
  test('the first one encrypts; those of a file come after those given directly', async () => {
    const folder = await scratchFolder({ keys: `# of last year\nold:${key()}\n` });
    const { current, keys } = (await encryptionKeys({ keys: `new:${key()}`, keyFile: path.join(folder, 'keys') }))!;
    expect(current).toBe('new');
    expect([...keys.keys()]).toEqual(['new', 'old']);
  });

  test.each([
    ['too short', 'a:1234', 'encryption key 1 is not'],
    ['without an id', 'f'.repeat(64), 'encryption key 1 is not'],
    ['given twice', `a:${'0'.repeat(64)},a:${'1'.repeat(64)}`, 'two encryption keys a'],
    ['none at all', '', 'there is no key'],
  ])('that are %s are refused without being shown', async (_, text, message) => {
    const error = await encryptionKeys({ keys: text }).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('1234');
  });
});

describe('a payload', () => {
  test('is unreadable when encrypted, differs each time, and comes back as it was', async () => {
    const codec = encryptionCodec(await keysOf(`a:${key()}`));
    const [first, second] = await codec.encode([payload('open sesame'), payload('open sesame')]);
    expect(Buffer.from(first!.data!).toString('latin1')).not.toContain('sesame');
    expect(first!.data).not.toEqual(second!.data);
    expect((await codec.decode([first!])).map(read)).toEqual(['open sesame']);
  });

  test('of an older key is read as long as that key is given', async () => {
    const [old, young] = [`old:${key()}`, `young:${key()}`];
    const [sealed] = await encryptionCodec(await keysOf(old)).encode([payload(1)]);
    expect((await encryptionCodec(await keysOf(`${young},${old}`)).decode([sealed!])).map(read)).toEqual([1]);
    await expect(encryptionCodec(await keysOf(young)).decode([sealed!])).rejects.toThrow('the key old');
  });

  test('that was stored before encryption is read as it is', async () => {
    expect((await encryptionCodec(await keysOf(`a:${key()}`)).decode([payload('plain')])).map(read)).toEqual(['plain']);
  });

  test('that was changed, or sealed by another key of the same name, is refused', async () => {
    const codec = encryptionCodec(await keysOf(`a:${key()}`));
    const [sealed] = await codec.encode([payload('x')]);
    const changed = { ...sealed!, data: Buffer.from(sealed!.data!).fill(0, 40) };
    await expect(codec.decode([changed])).rejects.toThrow('damaged');
    await expect(encryptionCodec(await keysOf(`a:${key()}`)).decode([sealed!])).rejects.toThrow('another one');
  });
});
