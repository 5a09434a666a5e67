/** How to reach Vault, and who we are there. Vault's own command is told the same by variables of these names. */
export interface VaultSettings {
  /** `https://HOST:PORT` (`VAULT_ADDR`). */
  readonly address?: string;
  /** Of Vault's own, e.g. `infra/prod` (`VAULT_NAMESPACE`). */
  readonly namespace?: string;
  /** `VAULT_TOKEN` */
  readonly token?: string;
  /** A file that holds the token, read for each request: whoever renews it there need not tell us. */
  readonly tokenFile?: string;
  /** AppRole (`VAULT_ROLE_ID`, `VAULT_SECRET_ID`). Its tokens are renewed by logging in again. */
  readonly roleId?: string;
  readonly secretId?: string;
  readonly secretIdFile?: string;
  /**
   * Where AppRole is mounted.
   * @default 'approle'
   */
  readonly authMount?: string;
  /** PEM files: authority of Vault's certificate (`VAULT_CACERT`), our own certificate and its key. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly certKeyFile?: string;
  /** Name in Vault's certificate, when it is not the address's (`VAULT_TLS_SERVER_NAME`). */
  readonly serverName?: string;
}
