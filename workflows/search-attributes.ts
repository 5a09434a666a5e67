/** The search attributes by which the Temporal UI finds Caisson's workflows: all of them keywords. */
export const SEARCH_ATTRIBUTES = ['Deployment', 'Blueprint', 'Workflow', 'ExecutionStatus'] as const;
