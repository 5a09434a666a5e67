import { expect, test } from 'vitest';
import { satisfiesVersion } from '../../blueprint/python-version.js';

test.each<[version: string, specification: string, satisfied: boolean | undefined]>([
  ['3.2.4', '3.2.4', true],
  ['3.2.4', '3.2', false],
  ['3.2.4', '===3.2.4', true],
  ['3.2.0', '==3.2', true],
  ['3.2.4', '==3.2.*', true],
  ['3.3', '!=3.2.*', true],
  ['3.2.4', '!=3.2.4', false],
  ['3.10', '>=3.9', true],
  ['3.2.4', '>=3.0,<3.2.4', false],
  ['3.2.4', ' >= 3.0 , != 3.1 ', true],
  ['2.3.5', '~=2.2', true],
  ['3.0', '~=2.2', false],
  ['2.2.9', '~=2.2.1', true],
  ['2.3', '~=2.2.1', false],
  ['1.0rc1', '<1.0', false],
  ['1.0rc1', '>=1.0a2', true],
  ['1.0.dev1', '<1.0a1', true],
  ['1.0.post1', '>1.0', false],
  ['1.0.post1', '>=1.0', true],
  ['1!1.0', '>2.0', true],
  ['1.0+local', '==1.0', true],
  ['1.0', '==1.0+local', false],
  ['1.0', '~=1', undefined],
  ['1.0', '>=x', undefined],
  ['1.0', '>=1.*', undefined],
])('version %s and %s: %s', (version, specification, satisfied) => {
  expect(satisfiesVersion(version, specification)).toBe(satisfied);
});
