/** What Caisson needs on this machine and of its server, looked at one by one. Changes nothing. */
import type { Settings } from '../settings.js';
import type { Check } from './doctor/check.js';
import { machineChecks } from './doctor/machine.js';
import { programChecks } from './doctor/programs.js';
import { serverChecks } from './doctor/server.js';

export type { Check } from './doctor/check.js';

/** All checks, in the order in which a person wants to read them. */
export async function examine(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<readonly Check[]> {
  const [machine, server, programs] = await Promise.all([
    machineChecks(settings),
    serverChecks(settings),
    programChecks(environment),
  ]);
  return [...machine, ...server, ...programs];
}
