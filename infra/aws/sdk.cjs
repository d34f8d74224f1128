'use strict';

// A client of AWS's SDK, as osls brings it.

const { createRequire } = require('node:module');

module.exports = (service) => createRequire(require.main.filename)(`@aws-sdk/client-${service}`);
