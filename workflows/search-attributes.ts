/**
 * The search attributes by which the Temporal UI finds Caisson's workflows: all of them keywords. How a workflow stands is
 * one of Temporal's own, `ExecutionStatus`; servers refuse that name for one of ours.
 */
export const SEARCH_ATTRIBUTES = ['Deployment', 'Blueprint', 'Workflow'] as const;
