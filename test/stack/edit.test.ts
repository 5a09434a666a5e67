import { describe, expect, test } from 'vitest';
import { withSetting } from '../../client/settings/edit.js';

describe('a setting in a file', () => {
  test.each([
    ['is added to an empty file', '', 'task_queue', 'a', 'task_queue = "a"\n'],
    [
      'replaces its old value',
      '# mine\ntask_queue = "a" # why\nport = 1\n',
      'task_queue',
      'b',
      '# mine\ntask_queue = "b"\nport = 1\n',
    ],
    [
      'is added before the tables',
      'port = 1\n\n[worker]\noperations = 2\n',
      'download',
      false,
      'port = 1\ndownload = false\n\n[worker]\noperations = 2\n',
    ],
    [
      'is added to its table',
      '[worker]\noperations = 2\n\n[other]\n',
      'worker.memory',
      512,
      '[worker]\noperations = 2\nmemory = 512\n\n[other]\n',
    ],
    ['brings its table along', 'port = 1\n', 'worker.operations', 3, 'port = 1\n\n[worker]\noperations = 3\n'],
    ['is not mistaken for one of another table', '[worker]\nport = 5\n', 'port', 1, 'port = 1\n[worker]\nport = 5\n'],
    ['may be several paths', '', 'plugins', ['/a', '/b "c"'], 'plugins = [ "/a", "/b \\"c\\"" ]\n'],
    [
      'is removed, and nothing else',
      '# a\nport = 1\n# b\ndownload = true\n',
      'port',
      undefined,
      '# a\n# b\ndownload = true\n',
    ],
    ['that is not there cannot be removed', 'port = 1\n', 'worker.memory', undefined, 'port = 1\n'],
  ] as const)('%s', (_, before, key, value, after) => {
    expect(withSetting(before, key, value)).toBe(after);
  });
});
