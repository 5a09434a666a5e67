/** The executions of a deployment that ended without completing, and what going on with one of them means. */
import type { Ledger } from '../graph/ledger.js';
import type { ExecutionRequest, Handover, ResumableExecution } from './messages.js';

/** More than these are hardly gone back to, and each has a ledger. */
const MOST_RESUMABLE = 5;

/** Workflows after whose success an older ledger tells of instances as they no longer are. */
const CHANGES_INSTANCES = ['install', 'uninstall', 'reinstall', 'rollback', 'heal', 'scale', 'update'];

/** What can be resumed once an execution has ended. */
export function resumableAfter(
  known: readonly ResumableExecution[],
  request: ExecutionRequest,
  handover: Handover,
): readonly ResumableExecution[] {
  const superseded = known.filter(({ execution_id }) => execution_id !== request.resume_of);
  if (handover.outcome === 'terminated') return CHANGES_INSTANCES.includes(request.workflow_id) ? [] : superseded;
  return [
    ...superseded,
    {
      execution_id: request.id,
      workflow_id: request.workflow_id,
      parameters: request.parameters,
      options: request.options,
      ledger: handover.ledger,
    },
  ].slice(-MOST_RESUMABLE);
}

/** What the resuming execution need not do again. */
export function ledgerFor(known: readonly ResumableExecution[], request: ExecutionRequest): Ledger | undefined {
  const ledger = known.find(({ execution_id }) => execution_id === request.resume_of)?.ledger;
  return ledger && request.reset_operations ? finishedSequences(ledger) : ledger;
}

/** Only what came to its end: an instance that was left half-way begins anew. */
function finishedSequences(ledger: Ledger): Ledger {
  return Object.fromEntries(
    Object.entries(ledger).map(([name, walk]) => {
      const sequences = Object.entries(walk.sequences).filter(([, done]) => done === true);
      const { results: _, restarted: _anew, failed: _failed, ...rest } = walk;
      return [name, { ...rest, sequences: Object.fromEntries(sequences) }];
    }),
  );
}

/** Why a mended blueprint cannot take the place of the deployment's; undefined when it can. */
export function refusalOfMend(request: ExecutionRequest, nodes: readonly string[]): string | undefined {
  if (request.blueprint === undefined && request.plan === undefined) return undefined;
  if (request.resume_of === undefined)
    return 'only a resumed execution takes a mended blueprint; see the workflow update';
  if (request.plan === undefined) return undefined;
  if (request.blueprint === undefined) return 'a mended plan comes with the blueprint it was compiled from';
  const given = request.plan.nodes.map(({ id }) => id);
  const changed = [...given.filter((id) => !nodes.includes(id)), ...nodes.filter((id) => !given.includes(id))];
  return changed.length === 0
    ? undefined
    : `the mended blueprint has other nodes (${changed.slice(0, 10).join(', ')}); see the workflow update`;
}
