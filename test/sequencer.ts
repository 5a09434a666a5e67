/**
 * The order of test files: those that take turns at one engine are spread among the others, so that none waits for another;
 * the fast ones come last, and fill what is left of the time of every worker.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export default class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const of = (...names: string[]) => sorted.filter(({ project }) => names.includes(project.name));
    const [turns, fast] = [of('docker'), of('fast')];
    const others = sorted.filter((one) => !turns.includes(one) && !fast.includes(one));
    const between = Math.ceil(others.length / Math.max(1, turns.length));
    const spread = turns.flatMap((one, at) => [one, ...others.slice(at * between, (at + 1) * between)]);
    return [...(turns.length > 0 ? spread : others), ...fast];
  }
}
