/**
 * With encryption, messages and stacks of failures travel as payloads, which are encrypted; the server sees only their
 * types. Loaded by path into workers, clients and the workflow bundle: hence no ES module.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
