/** The leak audit: what there is in the places that tests make things in is as it was, after every test. */
import { afterEach, beforeEach, expect } from 'vitest';

/** Lists everything in one place; what compares equal is the same. */
export type Inventory = () => Promise<readonly string[]>;

/**
 * Lists the places before and after each test of the file and compares.
 *
 * @param places by name; asked for with each test, as they are opened by the set-up
 */
export function auditLeaks(places: () => Readonly<Record<string, Inventory>>): void {
  let before: Readonly<Record<string, readonly string[]>>;
  beforeEach(async () => {
    before = await listed(places());
  });
  afterEach(async () => {
    expect(await listed(places())).toEqual(before);
  });
}

async function listed(places: Readonly<Record<string, Inventory>>): Promise<Record<string, readonly string[]>> {
  const entries = Object.entries(places).map(async ([name, inventory]) => [name, await inventory()] as const);
  return Object.fromEntries(await Promise.all(entries));
}
