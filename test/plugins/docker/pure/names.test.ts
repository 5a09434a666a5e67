import { expect, test } from 'vitest';
import { ignoring } from '../../../../plugins/docker/image/dockerignore.js';
import { imageReference, withTag } from '../../../../plugins/docker/image/reference.js';
import { loginFor } from '../../../../plugins/docker/image/registry.js';
import { requireNode } from '../../../../plugins/sdk/index.js';
import { fakeContext } from '../../../../plugins/sdk/testing.js';

test.each([
  ['redis', 'redis', undefined, 'docker.io'],
  ['redis:7', 'redis', '7', 'docker.io'],
  ['team/app:1', 'team/app', '1', 'docker.io'],
  ['localhost/app', 'localhost/app', undefined, 'localhost'],
  ['127.0.0.1:5000/app', '127.0.0.1:5000/app', undefined, '127.0.0.1:5000'],
  ['ghcr.io/a/b:2@sha256:00', 'ghcr.io/a/b', '2', 'ghcr.io'],
])('%s names a repository, a tag and a registry', (name, repository, tag, registry) => {
  expect(imageReference(name)).toMatchObject({ repository, tag, registry });
});

test('an image without a tag is the latest', () => {
  expect(['redis', 'redis:', 'redis:7', 'a:5/redis'].map(withTag)).toEqual([
    'redis:latest',
    'redis:latest',
    'redis:7',
    'a:5/redis:latest',
  ]);
});

test('.dockerignore leaves out what its last matching pattern says', () => {
  const ignored = ignoring('# logs\n*.log\n/build\n**/node_modules\n!build/keep.txt\nsecret?.txt\n');
  const names = ['a.log', 'x/a.log', 'build/out.o', 'build/keep.txt', 'x/node_modules/y.js', 'secret1.txt', 'src/a.ts'];
  expect(names.filter(ignored)).toEqual(['a.log', 'build/out.o', 'x/node_modules/y.js', 'secret1.txt']);
});

test('a login is sent to the registry that it is for, and to no other', async () => {
  const registry = [
    { username: 'a', password: 'p', serveraddress: 'ghcr.io' },
    { username: 'b', password: 'q', serveraddress: 'https://index.docker.io/v1/' },
  ];
  const { ctx } = await fakeContext({ properties: { registry } });
  const user = (image: string) => loginFor(requireNode(ctx), image)?.username;
  expect([user('ghcr.io/x/y:1'), user('redis'), user('quay.io/x')]).toEqual(['a', 'b', undefined]);
  const { ctx: bare } = await fakeContext({ properties: { registry: { username: 'c', password: 'p' } } });
  expect(loginFor(requireNode(bare), 'quay.io/x')).toEqual({ username: 'c', password: 'p', serveraddress: 'quay.io' });
});
