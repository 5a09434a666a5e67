/** Registers the search attributes by which the Temporal UI finds Caisson's workflows. */

import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/**
 * Registers the search attributes where they are missing.
 *
 * Tolerant: a namespace whose administrator keeps this right to themselves works without them, only its workflows
 * cannot be searched by deployment. Clients ask the namespace before they use one.
 *
 * @returns whether the namespace knows all of them now
 */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<boolean> {
  const { operatorService } = connection;
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing = SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
    if (missing.length === 0) return true;
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD])),
    });
    return true;
  } catch {
    return false;
  }
}
