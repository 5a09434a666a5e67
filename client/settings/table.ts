/** Every setting: where it may be given, what it means, and what it is when nobody gives it. */

export interface SettingDefinition {
  /** Environment variable. */
  readonly variable: string;
  readonly kind: 'text' | 'path' | 'location' | 'paths' | 'number' | 'flag';
  readonly summary: string;
  /** Its default in words, for `config list`; what it is exactly, resolve.ts says. */
  readonly fallback: string;
  readonly choices?: readonly string[];
  /** Never shown. */
  readonly secret?: true;
  /**
   * Not read from a project's `caisson.toml`: entering somebody else's folder must not run their program or move
   * one's data.
   */
  readonly personal?: true;
  /** Handed to the connection's own resolution, below which lies the profile of `temporal.toml`. */
  readonly connection?: true;
}

const table = {
  home: {
    variable: 'CAISSON_HOME',
    kind: 'path',
    summary: 'folder of all data: database, artifacts, secrets, work folders; cache and state too once it is given',
    fallback: "the platform's data folder",
    personal: true,
  },
  cache: {
    variable: 'CAISSON_CACHE',
    kind: 'path',
    summary: 'folder of what can be fetched or made anew',
    fallback: "the platform's cache folder, or cache in a given home",
    personal: true,
  },
  state: {
    variable: 'CAISSON_STATE',
    kind: 'path',
    summary: 'folder of process ids, ports and log files',
    fallback: "the platform's state folder, or state in a given home",
    personal: true,
  },
  downloads: {
    variable: 'CAISSON_DOWNLOADS',
    kind: 'path',
    summary: 'folder of downloaded programs, which all homes share',
    fallback: "the platform's cache folder",
    personal: true,
  },
  artifacts: {
    variable: 'CAISSON_ARTIFACTS',
    kind: 'location',
    summary: 'artifact store that clients and workers share: a folder, a file: URL, or s3://BUCKET/PREFIX',
    fallback: 'artifacts in home',
  },
  's3.endpoint': {
    variable: 'CAISSON_S3_ENDPOINT',
    kind: 'text',
    summary: "address of the bucket's server, https://HOST:PORT, when it is not Amazon's",
    fallback: "Amazon's",
    personal: true,
  },
  's3.region': {
    variable: 'CAISSON_S3_REGION',
    kind: 'text',
    summary: 'region of the bucket',
    fallback: 'AWS_REGION, else us-east-1',
  },
  's3.access_key_id': {
    variable: 'CAISSON_S3_ACCESS_KEY_ID',
    kind: 'text',
    summary: 'access key for the bucket',
    fallback: 'as the AWS SDK finds it: variables, profile, role of the machine',
    personal: true,
  },
  's3.secret_access_key': {
    variable: 'CAISSON_S3_SECRET_ACCESS_KEY',
    kind: 'text',
    summary: 'secret of that access key',
    fallback: 'as the AWS SDK finds it',
    secret: true,
    personal: true,
  },
  secrets: {
    variable: 'CAISSON_SECRETS',
    kind: 'location',
    summary: 'where secrets are kept: a folder (encrypted), files:FOLDER, environment:, or vault:MOUNT/PREFIX',
    fallback: 'secrets in home',
    personal: true,
  },
  secrets_key: {
    variable: 'CAISSON_SECRETS_KEY',
    kind: 'text',
    summary: 'keys of the folder of secrets, as ID:64 hexadecimal digits, …; the first encrypts',
    fallback: 'those of the key file',
    secret: true,
    personal: true,
  },
  secrets_key_file: {
    variable: 'CAISSON_SECRETS_KEY_FILE',
    kind: 'path',
    summary: 'file of such keys, made when it is first needed',
    fallback: 'secrets.key in the folder of secrets',
    personal: true,
  },
  plugins: {
    variable: 'CAISSON_PLUGINS',
    kind: 'paths',
    summary: 'folders of plugins besides the built-in ones',
    fallback: 'plugins in home',
  },
  python_plugins: {
    variable: 'CAISSON_PYTHON_PLUGINS',
    kind: 'text',
    summary: 'Cloudify plugins in Python that workers install by their name, and run instead of ours: NAME==VERSION …',
    fallback: 'none',
    personal: true,
  },
  blueprints: {
    variable: 'CAISSON_BLUEPRINTS',
    kind: 'paths',
    summary: 'folders of blueprints that others import by blueprint:ID, as ID/blueprint.yaml or ID.yaml',
    fallback: 'blueprints in home',
  },
  'import_resolver.network': {
    variable: 'CAISSON_IMPORT_NETWORK',
    kind: 'flag',
    summary: 'read imports of http and https addresses',
    fallback: 'true',
  },
  'import_resolver.rules': {
    variable: 'CAISSON_IMPORT_RULES',
    kind: 'text',
    summary: 'where imported addresses are read from instead: PREFIX=REPLACEMENT, …',
    fallback: 'none',
    personal: true,
  },
  embedded: {
    variable: 'CAISSON_EMBEDDED',
    kind: 'flag',
    summary: 'start a Temporal server and a worker on this machine when no server is configured',
    fallback: 'true',
  },
  download: {
    variable: 'CAISSON_DOWNLOAD',
    kind: 'flag',
    summary: 'download the temporal program when this machine has none',
    fallback: 'true',
  },
  temporal_cli: {
    variable: 'TEMPORAL_CLI_PATH',
    kind: 'path',
    summary: 'the temporal program of the embedded server',
    fallback: 'looked for',
    personal: true,
  },
  port: {
    variable: 'CAISSON_PORT',
    kind: 'number',
    summary: 'port of the embedded server',
    fallback: 'a free one, the same each time',
  },
  ui_port: {
    variable: 'CAISSON_UI_PORT',
    kind: 'number',
    summary: "port of the embedded server's web page",
    fallback: 'a free one, the same each time',
  },
  retention: {
    variable: 'CAISSON_RETENTION',
    kind: 'number',
    summary: 'days for which the embedded server keeps the histories of closed workflows',
    fallback: '30',
  },
  task_queue: {
    variable: 'CAISSON_TASK_QUEUE',
    kind: 'text',
    summary: 'task queue of workflows and operations',
    fallback: 'caisson',
  },
  ui_url: {
    variable: 'CAISSON_UI_URL',
    kind: 'text',
    summary: "address of a configured server's web page, for links",
    fallback: 'known for the embedded server, Temporal Cloud and local servers',
  },
  encryption_keys: {
    variable: 'CAISSON_ENCRYPTION_KEYS',
    kind: 'text',
    summary: 'keys that encrypt what is stored in Temporal, as ID:64 hexadecimal digits, …; the first encrypts',
    fallback: 'no encryption',
    secret: true,
    personal: true,
  },
  encryption_key_file: {
    variable: 'CAISSON_ENCRYPTION_KEY_FILE',
    kind: 'path',
    summary: 'file of such keys, one a line',
    fallback: 'no encryption',
    personal: true,
  },
  'vault.address': {
    variable: 'VAULT_ADDR',
    kind: 'text',
    summary: 'address of Vault, https://HOST:PORT',
    fallback: 'none',
    personal: true,
  },
  'vault.namespace': {
    variable: 'VAULT_NAMESPACE',
    kind: 'text',
    summary: "namespace of Vault's own",
    fallback: 'none',
    personal: true,
  },
  'vault.token': {
    variable: 'VAULT_TOKEN',
    kind: 'text',
    summary: 'token for Vault',
    fallback: 'that of the token file, or a login by AppRole',
    secret: true,
    personal: true,
  },
  'vault.token_file': {
    variable: 'CAISSON_VAULT_TOKEN_FILE',
    kind: 'path',
    summary: 'file that holds the token, read each time',
    fallback: 'none',
    personal: true,
  },
  'vault.role_id': {
    variable: 'VAULT_ROLE_ID',
    kind: 'text',
    summary: 'role to log in to Vault as, by AppRole',
    fallback: 'none',
    personal: true,
  },
  'vault.secret_id': {
    variable: 'VAULT_SECRET_ID',
    kind: 'text',
    summary: 'secret id of that role',
    fallback: 'none',
    secret: true,
    personal: true,
  },
  'vault.secret_id_file': {
    variable: 'CAISSON_VAULT_SECRET_ID_FILE',
    kind: 'path',
    summary: 'file that holds the secret id',
    fallback: 'none',
    personal: true,
  },
  'vault.auth_mount': {
    variable: 'CAISSON_VAULT_AUTH_MOUNT',
    kind: 'text',
    summary: 'where AppRole is mounted',
    fallback: 'approle',
    personal: true,
  },
  'vault.ca_file': {
    variable: 'VAULT_CACERT',
    kind: 'path',
    summary: "certificate authority of Vault's certificate, PEM",
    fallback: "the system's",
    personal: true,
  },
  'vault.cert_file': {
    variable: 'VAULT_CLIENT_CERT',
    kind: 'path',
    summary: 'client certificate for Vault, PEM',
    fallback: 'none',
    personal: true,
  },
  'vault.cert_key_file': {
    variable: 'VAULT_CLIENT_KEY',
    kind: 'path',
    summary: 'key of that certificate, PEM',
    fallback: 'none',
    personal: true,
  },
  'vault.server_name': {
    variable: 'VAULT_TLS_SERVER_NAME',
    kind: 'text',
    summary: "name that Vault's certificate is checked against",
    fallback: "the address's host",
    personal: true,
  },
  'worker.operations': {
    variable: 'CAISSON_WORKER_OPERATIONS',
    kind: 'number',
    summary: 'operations that a worker runs at once',
    fallback: '200',
  },
  'worker.memory': {
    variable: 'CAISSON_WORKER_MEMORY',
    kind: 'number',
    summary: 'memory of the embedded worker for JavaScript values, in MiB',
    fallback: "Node's own limit",
  },
  'worker.metrics': {
    variable: 'CAISSON_WORKER_METRICS',
    kind: 'text',
    summary: 'HOST:PORT on which a worker serves Prometheus metrics; a port alone is one of 127.0.0.1',
    fallback: 'none',
  },
  'worker.prometheus': {
    variable: 'CAISSON_WORKER_PROMETHEUS',
    kind: 'text',
    summary: 'address of the Prometheus that policies ask, e.g. http://127.0.0.1:9090',
    fallback: 'none',
  },
  'worker.health': {
    variable: 'CAISSON_WORKER_HEALTH',
    kind: 'text',
    summary: 'HOST:PORT on which a worker answers GET /healthz and /readyz',
    fallback: 'none',
  },
  'worker.log_level': {
    variable: 'CAISSON_WORKER_LOG_LEVEL',
    kind: 'text',
    summary: 'least level of the lines that a worker logs',
    fallback: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
  },
  'agent.address': {
    variable: 'CAISSON_AGENT_ADDRESS',
    kind: 'text',
    summary: 'HOST:PORT by which agents on hosts reach the Temporal server',
    fallback: "the worker's own",
    personal: true,
  },
  'agent.settings_file': {
    variable: 'CAISSON_AGENT_SETTINGS_FILE',
    kind: 'path',
    summary: 'settings (TOML) that agents get, keys too, instead of those of the worker that installs them',
    fallback: "the worker's connection, artifact store and encryption keys",
    personal: true,
  },
  'agent.program': {
    variable: 'CAISSON_AGENT_PROGRAM',
    kind: 'text',
    summary: 'command on the hosts that is caisson, instead of a package that is sent there',
    fallback: 'none',
    personal: true,
  },
  'agent.package_url': {
    variable: 'CAISSON_AGENT_PACKAGE_URL',
    kind: 'text',
    summary: 'where hosts that install their agent themselves get its package from (made by: caisson agents package)',
    fallback: 'none',
    personal: true,
  },
  address: {
    variable: 'TEMPORAL_ADDRESS',
    kind: 'text',
    summary: 'Temporal server to use, HOST:PORT; none is started then',
    fallback: 'the embedded server',
    connection: true,
  },
  namespace: {
    variable: 'TEMPORAL_NAMESPACE',
    kind: 'text',
    summary: 'Temporal namespace',
    fallback: 'default',
    connection: true,
  },
  profile: {
    variable: 'TEMPORAL_PROFILE',
    kind: 'text',
    summary: 'profile of temporal.toml',
    fallback: 'default',
    connection: true,
  },
  temporal_config: {
    variable: 'TEMPORAL_CONFIG_FILE',
    kind: 'path',
    summary: "the temporal command's configuration file, which holds the profiles",
    fallback: 'temporalio/temporal.toml in the configuration folder',
    connection: true,
  },
  api_key: {
    variable: 'TEMPORAL_API_KEY',
    kind: 'text',
    summary: 'API key for the server, which turns TLS on',
    fallback: 'none',
    secret: true,
    personal: true,
    connection: true,
  },
  tls: {
    variable: 'TEMPORAL_TLS',
    kind: 'flag',
    summary: 'reach the server by TLS',
    fallback: 'when an API key or a certificate is given',
    connection: true,
  },
  tls_ca_file: {
    variable: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    kind: 'path',
    summary: "certificate authority of the server's certificate, PEM",
    fallback: "the system's",
    connection: true,
  },
  tls_cert_file: {
    variable: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    kind: 'path',
    summary: 'client certificate for mutual TLS, PEM',
    fallback: 'none',
    connection: true,
  },
  tls_key_file: {
    variable: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
    kind: 'path',
    summary: 'key of the client certificate, PEM',
    fallback: 'none',
    connection: true,
  },
  tls_server_name: {
    variable: 'TEMPORAL_TLS_SERVER_NAME',
    kind: 'text',
    summary: "name that the server's certificate is checked against",
    fallback: "the address's host",
    connection: true,
  },
} as const satisfies Record<string, SettingDefinition>;

export type SettingKey = keyof typeof table;

export const SETTINGS: Readonly<Record<SettingKey, SettingDefinition>> = table;
export const SETTING_KEYS = Object.keys(table) as readonly SettingKey[];
