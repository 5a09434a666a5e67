/** What the workflows that belong to a deployment are found by in the Temporal UI. */
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';

const KEYS = {
  deployment: defineSearchAttributeKey('Deployment', SearchAttributeType.KEYWORD),
  blueprint: defineSearchAttributeKey('Blueprint', SearchAttributeType.KEYWORD),
  workflow: defineSearchAttributeKey('Workflow', SearchAttributeType.KEYWORD),
};

export function foundBy(deployment: string, blueprint: string, workflow: string): SearchAttributePair[] {
  return [
    { key: KEYS.deployment, value: deployment },
    { key: KEYS.blueprint, value: blueprint },
    { key: KEYS.workflow, value: workflow },
  ];
}
