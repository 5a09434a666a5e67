/** What every artifact store does, whatever it is made of. */
import { describe, expect, test } from 'vitest';
import type { ArtifactStore } from '../../store/artifact-store.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (data: Uint8Array | undefined): string | undefined => data && Buffer.from(data).toString('utf8');

export function describeArtifactStore(name: string, open: () => Promise<ArtifactStore>): void {
  describe(name, () => {
    test('gives back what was put, the last of several, and nothing where nothing is', async () => {
      const store = await open();
      await store.put('a/b.json', bytes('first'));
      await store.put('a/b.json', bytes('last'));
      expect(text(await store.get('a/b.json'))).toBe('last');
      expect(await store.get('a/c.json')).toBeUndefined();
      expect([await store.has('a/b.json'), await store.has('a')]).toEqual([true, false]);
    });

    test('of many that create one thing at once, one wins', async () => {
      const store = await open();
      const won = await Promise.all(Array.from({ length: 6 }, (_, at) => store.create('once', bytes(`${at}`))));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(text(await store.get('once'))).toBe(String(won.indexOf(true)));
      expect(await store.create('once', bytes('late'))).toBe(false);
    });

    test('lists the keys under a prefix, sorted', async () => {
      const store = await open();
      for (const key of ['logs/b/1', 'logs/a/2', 'logs/a/1', 'other']) await store.put(key, bytes(key));
      expect(await store.list('logs/')).toEqual(['logs/a/1', 'logs/a/2', 'logs/b/1']);
      expect(await store.list('logs/a/1')).toEqual(['logs/a/1']);
      expect(await store.list('none/')).toEqual([]);
    });

    test('appends, in the order of what came one after the other', async () => {
      const store = await open();
      await store.append('log', bytes('one\n'));
      await store.append('log', bytes('two\n'));
      expect(text(await store.get('log'))).toBe('one\ntwo\n');
      expect(await store.has('log')).toBe(true);
    });

    test('of what is appended at once by many nothing is lost or torn', async () => {
      const store = await open();
      const lines = Array.from({ length: 60 }, (_, at) => `line ${String(at).padStart(3, '0')} ${'x'.repeat(40)}\n`);
      await Promise.all(lines.map((line) => store.append('log', bytes(line))));
      expect(
        text(await store.get('log'))
          ?.match(/.*\n/g)
          ?.sort(),
      ).toEqual(lines);
    });

    test('deletes, and does not mind what is not there', async () => {
      const store = await open();
      await store.append('log', bytes('one\n'));
      await store.delete('log');
      await store.delete('log');
      expect(await store.get('log')).toBeUndefined();
      await store.append('log', bytes('anew\n'));
      expect(text(await store.get('log'))).toBe('anew\n');
    });

    test.each(['../x', '/x', 'a//b', 'a/./b', '', 'a b', 'log@000001'])('refuses the key %j', async (key) => {
      await expect((await open()).put(key, bytes('x'))).rejects.toThrow('not a key of the artifact store');
    });
  });
}
