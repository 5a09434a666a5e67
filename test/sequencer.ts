/** The order of test files: those that take turns at one engine are spread among the others, so that none waits for another. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export default class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const turns = sorted.filter(({ project }) => project.name === 'docker');
    const others = sorted.filter(({ project }) => project.name !== 'docker');
    const between = Math.ceil(others.length / Math.max(1, turns.length));
    return turns
      .flatMap((one, at) => [one, ...others.slice(at * between, (at + 1) * between)])
      .concat(turns.length === 0 ? others : []);
  }
}
