/** The Temporal program of all tests: found, or downloaded once, by the very code that does it for users. */
import { loadSettings } from '../../client/settings.js';
import { findTemporal } from '../../client/stack/temporal/binary.js';
import { binaryOptions } from '../../client/stack/up.js';

let found: Promise<string> | undefined;

/** Its path. Tests that start Caisson hand it over as `TEMPORAL_CLI_PATH`. */
export async function temporalBinary(): Promise<string> {
  found ??= loadSettings({ download: true }).then(
    async ({ settings }) => (await findTemporal(binaryOptions(settings))).path,
  );
  return await found;
}
