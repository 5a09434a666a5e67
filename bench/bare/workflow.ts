/** Temporal alone: as many activities as an install calls, in as many lanes as may be in flight, and nothing else. */
import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '30s',
});

/** @param activities in all; @param lanes side by side, each calls one after the other */
export async function bare(activities: number, lanes: number): Promise<void> {
  let left = activities;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (left > 0) {
        left -= 1;
        await nothing();
      }
    }),
  );
}
