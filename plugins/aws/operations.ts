/** Operations out of plain functions: opens the call, and tells what an error of the API means for the operation. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext, RelationshipOperationContext } from '../sdk/context.js';
import { type OperationDefinition, operation } from '../sdk/define.js';
import { requireNode, requireRelationship } from '../sdk/require-kind.js';
import { type Call, openCall } from './call.js';
import { checkDrift, checkStatus, creationValidation, notePresent } from './checks.js';
import { operationError } from './failures.js';
import { create, prepare, remove } from './lifecycle.js';
import type { Resource } from './resource.js';

type Result = Promise<Json | undefined> | Promise<void>;

export type Operations = Readonly<Record<string, OperationDefinition>>;

export function nodeOperation(resource: Resource, run: (call: Call) => Result): OperationDefinition {
  return operation({}, (ctx, inputs) => guarded(ctx, () => run(openCall(requireNode(ctx), inputs, resource))));
}

export function relationshipOperation(
  run: (ctx: RelationshipOperationContext, inputs: JsonObject) => Result,
): OperationDefinition {
  return operation({}, (ctx, inputs) => guarded(ctx, () => run(requireRelationship(ctx), inputs)));
}

/** The operations that every resource has, and those that only this one has, by their full names. */
export function operationsOf(
  resource: Resource,
  more: Readonly<Record<string, (call: Call) => Result>> = {},
): Operations {
  const all = {
    prepare,
    create,
    poststart: notePresent,
    delete: remove,
    check_status: checkStatus,
    check_drift: checkDrift,
    creation_validation: creationValidation,
    ...more,
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, run]) => [`${qualified(resource)}.${name}`, nodeOperation(resource, run)]),
  );
}

/** With its service before it, which is EC2 unless the name says otherwise. */
export function qualified({ name }: Pick<Resource, 'name'>): string {
  return name.includes('.') ? name : `ec2.${name}`;
}

async function guarded(ctx: OperationContext, run: () => Result): Promise<Json | undefined> {
  try {
    return (await run()) ?? undefined;
  } catch (error) {
    throw await operationError(error, {
      instanceId: subjectOf(ctx),
      operation: ctx.operation.shortName,
      retryNumber: ctx.operation.retryNumber,
    });
  }
}

function subjectOf(ctx: OperationContext): string {
  if (ctx.type === 'node-instance') return ctx.instance.id;
  return ctx.type === 'relationship-instance'
    ? `${ctx.source.instance.id} to ${ctx.target.instance.id}`
    : ctx.deployment.id;
}
