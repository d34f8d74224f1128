'use strict';

// Names below `localhost` are this machine (RFC 6761).

const dns = require('dns');

const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(typeof name === 'string' && name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest);
