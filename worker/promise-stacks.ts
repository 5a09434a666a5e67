/**
 * The stacks that the SDK notes for each promise of a workflow, so that the query `__stack_trace` can tell where it
 * waits: left out of bundles that hold none but our own workflows.
 *
 * A stack costs a fifth of what a worker does for an operation. Our own workflows tell what they wait for better by their
 * details and by the `progress` query; an author's workflow has nothing else, so its bundle keeps the stacks.
 *
 * The SDK reaches a workflow's globals through `promise.constructor.constructor`, which is `Function`, twice for each
 * promise: for the activator, and for the `Error` that catches the stack. `Promise` gets a `constructor` of its own that
 * gives the same answers, only for `Error` a class without a stack, of which the SDK then notes nothing. Anything else
 * that is asked goes to `Function` as before.
 */
const WITHOUT_STACKS = [
  'Object.defineProperty(Promise,"constructor",{value:((make)=>{',
  'const activator=()=>globalThis.__TEMPORAL_ACTIVATOR__,',
  'stackless=()=>class{};',
  'return (code,...more)=>',
  'code==="return globalThis.__TEMPORAL_ACTIVATOR__"?activator:',
  'code==="return globalThis.Error"?stackless:',
  'make(code,...more)',
  '})(Promise.constructor)});',
].join('');

/** The same bundle; its lines stay where they are, as its source map says. */
export function withoutPromiseStacks(code: string): string {
  return WITHOUT_STACKS + code;
}
