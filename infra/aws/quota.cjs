'use strict';

// Before a deployment: whether the account may reserve as many running functions as the size asks for. CloudFormation would
// say so halfway, of one function, and take everything back.

const sdk = require('./sdk.cjs');

/** What Lambda leaves to functions without a reservation. */
const UNRESERVED = 100;

/** What is wrong, if anything. */
function problem(functions, quota) {
  const reserved = Object.values(functions).reduce((sum, { reservedConcurrency = 0 }) => sum + reservedConcurrency, 0);
  if (reserved + UNRESERVED <= quota) return null;
  return `this size reserves ${reserved} concurrent executions and Lambda keeps ${UNRESERVED} unreserved, but the account has ${quota} in this region: ask for more (Service Quotas, Lambda, "Concurrent executions", L-B99A9384) or take a smaller size`;
}

class Quota {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:deploy:deploy': () => this.check() };
  }

  async check() {
    const { LambdaClient, GetAccountSettingsCommand } = sdk('lambda');
    const client = new LambdaClient(await this.serverless.getProvider('aws').getAwsSdkV3Config());
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const found = problem(this.serverless.service.functions, AccountLimit.ConcurrentExecutions);
    if (found) throw new this.serverless.classes.Error(found, 'CONCURRENCY_QUOTA');
  }
}

module.exports = Quota;
