/** Asks all deployments the same. Those that give no answer keep the others from nobody. */
import type { CaissonConnection } from './connection.js';
import { type DeploymentSummary, listDeployments } from './deployments.js';
import { CaissonError } from './errors.js';

export interface EachAnswer<T> {
  readonly deployment: DeploymentSummary;
  readonly answer?: T;
  /** Why there is none: no worker is there, or it is encrypted with a key that is not known here. */
  readonly silence?: CaissonError;
}

/**
 * What each existing deployment answers, oldest first; those that end meanwhile are left out.
 *
 * @throws CaissonError when none of them gives an answer
 */
export async function askEachDeployment<T>(
  connection: CaissonConnection,
  question: (id: string) => Promise<T>,
): Promise<readonly EachAnswer<T>[]> {
  const asked = await Promise.all(
    (await listDeployments(connection)).map(async (deployment): Promise<EachAnswer<T> | undefined> => {
      try {
        return { deployment, answer: await question(deployment.id) };
      } catch (error) {
        if (!(error instanceof CaissonError)) throw error;
        if (error.kind === 'not-found') return undefined;
        if (error.kind !== 'unreachable' && error.kind !== 'permission') throw error;
        return { deployment, silence: error };
      }
    }),
  );
  const found = asked.filter((one) => one !== undefined);
  const silences = found.flatMap(({ silence }) => silence ?? []);
  if (silences[0] && silences.length === found.length) throw silences[0];
  return found;
}

/**
 * The answer of one deployment, or without an id those of all that give one; why others do not is told to `onSilent`.
 *
 * @throws CaissonError when the one, or none of all, gives an answer
 */
export async function answersOf<T>(
  connection: CaissonConnection,
  deploymentId: string | undefined,
  question: (id: string) => Promise<T>,
  onSilent: (silence: CaissonError) => void,
): Promise<readonly T[]> {
  if (deploymentId !== undefined) return [await question(deploymentId)];
  const each = await askEachDeployment(connection, question);
  for (const { silence } of each) if (silence) onSilent(silence);
  return each.flatMap(({ answer, silence }) => (silence ? [] : [answer as T]));
}

/** For people who ask for a list. */
export const warningOf = ({ message }: CaissonError): string => `warning: ${message}`;

/** Where else to look for what was not found in those that answered. */
export function orElsewhere(silences: readonly CaissonError[], hint: string): string {
  if (silences.length === 0) return hint;
  return `it may be where nothing is known of: ${silences.map(({ message }) => message).join('; ')}`;
}
