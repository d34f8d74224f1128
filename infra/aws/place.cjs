'use strict';

// Before anything is packaged: whether there is such a stage, and whether it can work in that region.

const fs = require('node:fs');
const path = require('node:path');

/** Regions whose databases functions can tell from others: those of the roots that are built into them. */
function regions(directory) {
  const roots = fs.readFileSync(path.join(directory, 'shared/src/db/roots/rds.pem'), 'utf8');
  return [...roots.matchAll(/^# ([a-z]+-[a-z]+-\d)$/gm)].map(([, region]) => region);
}

class Place {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = { 'before:package:initialize': () => this.check() };
  }

  check() {
    const found = this.problem();
    if (found) throw new this.serverless.classes.Error(found, 'PLACE');
  }

  /** What is wrong, if anything. */
  problem() {
    const { configurationInput, serviceDir, service } = this.serverless;
    const { stage, region } = service.provider;
    const stages = Object.keys(configurationInput.params).filter((name) => name !== 'default');
    if (!stages.includes(stage)) return `there is no stage ${stage}, only ${stages.join(', ')}: infra/aws/stages`;
    const known = regions(serviceDir);
    if (!known.includes(region)) return `${region}: the roots of RDS of this region are not built into the functions, only those of ${known.join(', ')}`;
    if (service.custom.web !== 'none' && region !== 'us-east-1') return `web: CloudFront takes firewalls from us-east-1 only, and this is ${region}`;
    return null;
  }
}

module.exports = Place;
