import type { NodeOperationContext, OperationContext, RelationshipOperationContext } from './context.js';
import { NonRecoverableError } from './errors.js';

/** The context, known to be of a node. @throws NonRecoverableError in any other operation */
export function requireNode(ctx: OperationContext): NodeOperationContext {
  if (ctx.type === 'node-instance') return ctx;
  throw new NonRecoverableError(`${ctx.operation.name} is an operation of nodes; it was called for a ${ctx.type}`);
}

/** The context, known to be of a relationship. @throws NonRecoverableError in any other operation */
export function requireRelationship(ctx: OperationContext): RelationshipOperationContext {
  if (ctx.type === 'relationship-instance') return ctx;
  throw new NonRecoverableError(
    `${ctx.operation.name} is an operation of relationships; it was called for a ${ctx.type}`,
  );
}
