/** The operation's context for JavaScript scripts: `const ctx = await require('caisson/script').connect()`. */
'use strict';
const http = require('node:http');
const util = require('node:util');

class RecoverableError extends Error {
  constructor(message, options = {}) {
    super(message, options);
    this.name = 'RecoverableError';
    this.retryAfter = options.retryAfter;
  }
}

class NonRecoverableError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'NonRecoverableError';
  }
}

class OperationRetry extends Error {
  constructor(message, retryAfter) {
    super(message);
    this.name = 'OperationRetry';
    this.retryAfter = retryAfter;
  }
}

let connected;

/** The context. Runtime properties are plain objects; what is changed in them is stored when the script ends. */
function connect() {
  connected ??= open();
  return connected;
}

async function open() {
  const wire = wireTo(process.env.CTX_SOCKET_URL);
  const data = await wire.call('describe');
  const instances = [];
  const subject = (name, { node, instance }, writable = true) => {
    const view = instanceView(wire, name, instance, writable, subject);
    if (writable) instances.push(view);
    return { node: nodeView(node), instance: view.instance };
  };
  const sides = {};
  for (const [name, described] of Object.entries(data.subjects)) sides[name] = subject(name, described);
  const store = async () => {
    for (const view of instances) await view.store();
  };
  const ctx = contextOf(wire, data, sides, store);
  finishWith(wire, store);
  return ctx;
}

function contextOf(wire, data, sides, store) {
  const logAt =
    (level) =>
    (message, ...values) =>
      void wire.call('log', { level, message: util.format(message, ...values) }).catch(() => undefined);
  const refuse = (members, needed) => () => {
    const used = `used in a ${data.type} context`;
    throw new NonRecoverableError(`${members} can only be used in a ${needed} context but ${used}`);
  };
  const context = {
    type: data.type,
    inputs: data.parameters,
    blueprint: data.blueprint,
    deployment: {
      id: data.deployment.id,
      displayName: data.deployment.display_name,
      tenantName: data.deployment.tenant_name,
      resourceTags: data.deployment.resource_tags,
      inputs: data.deployment.inputs,
    },
    tenant: { name: data.tenant_name },
    executionId: data.execution_id,
    workflowId: data.workflow_id,
    workflowParameters: data.workflow_parameters,
    taskId: data.task_id,
    resume: data.resume,
    operation: {
      name: data.operation.name,
      retryNumber: data.operation.retry_number,
      maxRetries: data.operation.max_retries,
      relationship: data.operation.relationship ?? undefined,
      retry: (message, retryAfter) => wire.call('operation_retry', { message, retry_after: retryAfter }),
    },
    plugin: {
      name: data.plugin.name,
      packageName: data.plugin.package_name ?? undefined,
      packageVersion: data.plugin.package_version ?? undefined,
      properties: data.plugin.properties,
      workdir: () => wire.call('workdir'),
    },
    logger: {
      debug: logAt('debug'),
      info: logAt('info'),
      warn: logAt('warning'),
      warning: logAt('warning'),
      error: logAt('error'),
    },
    sendEvent: (message) => wire.call('send_event', { message }),
    getSecret: (key) => wire.call('get_secret', { key }),
    getResource: async (path) => Buffer.from(await wire.call('get_resource', { path }), 'base64'),
    async getResourceAndRender(path, variables = {}) {
      await store();
      return await wire.call('get_resource_and_render', { path, variables });
    },
    downloadResource: (path, target) => wire.call('download_resource', { path, target }),
    async downloadResourceAndRender(path, target, variables = {}) {
      await store();
      return await wire.call('download_resource_and_render', { path, target, variables });
    },
    downloadDirectory: (path, target) => wire.call('download_directory', { path, target }),
    /** Sets the operation's result. */
    returns: (value = null) => wire.call('returns', { value }),
    abortOperation: (message = 'operation aborted') => {
      throw new NonRecoverableError(message);
    },
    retryOperation: (message = 'retry requested', retryAfter = undefined) => {
      throw new OperationRetry(message, retryAfter);
    },
    /** Stores what was changed in runtime properties: needed before `process.exit()` only. */
    store,
  };
  const ofNode = 'ctx.node/ctx.instance';
  const ofRelationship = 'ctx.source/ctx.target';
  const members =
    data.type === 'relationship-instance'
      ? {
          source: () => sides.source,
          target: () => sides.target,
          node: refuse(ofNode, 'node-instance'),
          instance: refuse(ofNode, 'node-instance'),
        }
      : {
          node: () => sides.instance.node,
          instance: () => sides.instance.instance,
          source: refuse(ofRelationship, 'relationship-instance'),
          target: refuse(ofRelationship, 'relationship-instance'),
        };
  for (const [name, get] of Object.entries(members)) Object.defineProperty(context, name, { get });
  return context;
}

function nodeView(node) {
  return {
    id: node.id,
    name: node.name,
    type: node.type,
    typeHierarchy: node.type_hierarchy,
    properties: frozen(node.properties),
    numberOfInstances: node.number_of_instances,
    isA: (type) => node.type_hierarchy.includes(type),
  };
}

function instanceView(wire, name, described, writable, subject) {
  let data = described;
  let properties = writable ? data.runtime_properties : frozen(data.runtime_properties);
  let sent = structuredClone(properties);
  const changes = () => (writable ? difference(sent, asJson(properties), []) : []);
  const take = (next) => {
    data = next;
    properties = data.runtime_properties;
    sent = structuredClone(properties);
  };
  async function store() {
    const patch = changes();
    if (patch.length === 0) return;
    sent = asJson(properties);
    await wire.call('patch', { subject: name, patch });
  }
  const instance = {
    id: data.id,
    nodeId: data.node_id,
    index: data.index,
    scalingGroups: data.scaling_groups,
    get state() {
      return data.state;
    },
    get version() {
      return data.version;
    },
    get runtimeProperties() {
      return properties;
    },
    set runtimeProperties(next) {
      if (!writable) throw new NonRecoverableError('Cannot modify runtime properties of relationship node instances');
      properties = next;
    },
    get relationships() {
      return data.relationships.map((relationship, at) => ({
        type: relationship.type,
        typeHierarchy: relationship.type_hierarchy,
        properties: relationship.properties,
        target: subject(`${name}.relationships.${at}`, relationship.target, false),
        isA: (type) => relationship.type_hierarchy.includes(type),
      }));
    },
    hostIp: () => wire.call('host_ip', { subject: name }),
    async update() {
      await store();
      take(await wire.call('update', { subject: name }));
    },
    async refresh({ force = false } = {}) {
      if (!force && changes().length > 0)
        throw new NonRecoverableError(`${data.id} is dirty: refreshing now would destroy local changes`);
      take(await wire.call('refresh', { subject: name, force }));
    },
  };
  return { instance, store };
}

/** Ends the script: what was changed is stored, and an error that nobody caught is told to the worker. */
function finishWith(wire, store) {
  let finished = false;
  const fail = async (error) => {
    if (finished) return;
    finished = true;
    await store().catch(() => undefined);
    await wire.call('raise', raised(error)).catch(() => undefined);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => void fail(error));
  process.on('beforeExit', () => {
    if (finished) return;
    finished = true;
    store().catch((error) => {
      finished = false;
      return fail(error);
    });
  });
}

function raised(thrown) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const cause = { type: error.name, message: error.message, traceback: error.stack ?? '' };
  return {
    types: [error.name, ...ancestors(error)],
    message: error.message,
    retry_after: error.retryAfter ?? null,
    url: error.url ?? null,
    code: error.code ?? null,
    causes: [cause],
  };
}

function ancestors(error) {
  const names = [];
  for (let at = Object.getPrototypeOf(error); at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(at.constructor.name);
  return names;
}

/** One request after the other, in the order they were made. */
function wireTo(url) {
  if (!url) throw new NonRecoverableError('there is no context: CTX_SOCKET_URL is not set');
  let queue = Promise.resolve();
  return {
    call(name, params = {}) {
      const answer = queue.then(() => post(url, JSON.stringify({ call: name, params })));
      queue = answer.catch(() => undefined);
      return answer;
    },
  };
}

function post(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = http.request(url, { method: 'POST', headers, agent: false }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (response.statusCode !== 200) return reject(new RecoverableError(`the worker answered ${text.trim()}`));
        const { type, payload } = JSON.parse(text);
        if (type === 'result') resolve(payload);
        else reject(errorOf(payload));
      });
    });
    sent.on('error', (error) => reject(new RecoverableError(`the worker does not answer: ${error.message}`)));
    sent.end(body);
  });
}

function errorOf({ type, message }) {
  if (type === 'RecoverableError') return new RecoverableError(message);
  const error = new NonRecoverableError(message);
  if (type) error.name = type;
  return error;
}

function difference(before, after, path) {
  if (isObject(before) && isObject(after)) {
    const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
    const patch = gone.map((key) => ['delete', [...path, key]]);
    for (const [key, value] of Object.entries(after)) {
      if (!Object.hasOwn(before, key)) patch.push(['set', [...path, key], value]);
      else patch.push(...difference(before[key], value, [...path, key]));
    }
    return patch;
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [['set', path, after]];
}

function asJson(value) {
  return JSON.parse(JSON.stringify(value));
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function frozen(value) {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) frozen(item);
    Object.freeze(value);
  }
  return value;
}

exports.connect = connect;
exports.RecoverableError = RecoverableError;
exports.NonRecoverableError = NonRecoverableError;
exports.OperationRetry = OperationRetry;
