/** Any value that survives a trip through JSON. Everything that crosses a process boundary is made of it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Key order is kept and is part of behaviour where the reference's is. */
export interface JsonObject {
  readonly [key: string]: Json;
}
