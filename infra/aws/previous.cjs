'use strict';

// Going back: the alias `live` of every function returns to the version that it had before the last deployment that succeeded,
// at once, without CloudFormation and CodeDeploy, and so also while an alarm rings. The database and everything else stay as they are.
//
// Each deployment that succeeds leaves these versions at an alias `previous` of each function.

const sdk = require('./sdk.cjs');

const LIVE = 'live';
const PREVIOUS = 'previous';

class Previous {
  constructor(serverless, options, { log }) {
    this.serverless = serverless;
    this.log = log;
    this.commands = {
      back: { usage: 'Return to the code of before the last deployment', lifecycleEvents: ['back'] },
    };
    this.hooks = {
      'before:deploy:deploy': () => this.remember(),
      'after:deploy:deploy': () => this.leave(),
      'back:back': () => this.back(),
    };
  }

  /** The names of the functions that take traffic. */
  get names() {
    const { service } = this.serverless;
    return service.getAllFunctions().filter((name) => name !== 'migrate').map((name) => service.getFunction(name).name);
  }

  async remember() {
    this.before = await this.versions(LIVE);
  }

  /** Only if any code is new: what is deployed twice has the same code before it. */
  async leave() {
    const after = await this.versions(LIVE);
    if (Object.entries(this.before).every(([name, version]) => after[name] === version)) return;
    for (const [name, version] of Object.entries(this.before)) await this.point(name, PREVIOUS, version);
  }

  async back() {
    const [live, previous] = [await this.versions(LIVE), await this.versions(PREVIOUS)];
    const names = this.names.filter((name) => previous[name]);
    if (names.length === 0) throw new this.serverless.classes.Error('there is no code of before the last deployment', 'NO_PREVIOUS');
    for (const name of this.names.filter((name) => !previous[name])) this.log.notice(`${name}: stays, the last deployment added it`);
    for (const name of names) {
      await this.point(name, LIVE, previous[name]);
      this.log.notice(`${name}: version ${live[name]} → ${previous[name]}`);
    }
  }

  /** What an alias stands for, of each function that has it. */
  async versions(alias) {
    const { GetAliasCommand } = sdk('lambda');
    const versions = {};
    for (const name of this.names) {
      const found = await this.ask(new GetAliasCommand({ FunctionName: name, Name: alias }));
      if (found) versions[name] = found.FunctionVersion;
    }
    return versions;
  }

  async point(name, alias, version) {
    const { CreateAliasCommand, UpdateAliasCommand } = sdk('lambda');
    const wanted = { FunctionName: name, Name: alias, FunctionVersion: version };
    // With all of the traffic: a canary may have been under way.
    const there = await this.ask(new UpdateAliasCommand({ ...wanted, RoutingConfig: { AdditionalVersionWeights: {} } }));
    if (!there) await this.ask(new CreateAliasCommand(wanted));
  }

  /** Nothing when there is no such function or alias. */
  async ask(command) {
    const { LambdaClient } = sdk('lambda');
    this.client ??= new LambdaClient(await this.serverless.getProvider('aws').getAwsSdkV3Config());
    try {
      return await this.client.send(command);
    } catch (error) {
      if (error.name === 'ResourceNotFoundException') return null;
      throw error;
    }
  }
}

module.exports = Previous;
