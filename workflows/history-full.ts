/** Well below the server's 50 MB, at which a run is ended by force. */
export const MOST_BYTES = 24 * 1_024 * 1_024;

/** Thrown when what is in flight has drained because the history of this run is long enough. */
export class HistoryFull extends Error {}
