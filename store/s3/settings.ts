/** How to reach the bucket, where the SDK's own ways (AWS_ variables, profiles, roles of machines) are not to be used. */
export interface S3Settings {
  /** Of a server that is not Amazon's, `https://HOST:PORT`; its buckets are addressed by path. */
  readonly endpoint?: string;
  /** @default the SDK's own, else us-east-1 */
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}
