'use strict';

// Where clients come in: at CloudFront, where there is one, or at the API. CloudFront shows the functions a secret, with which
// they believe what it says of the caller's address, and without which they answer nobody (shared/src/lambda/edge.rs).
//
// The secrets have numbers. Functions take all that the stage lists, and CloudFront shows the first, so that one can take the
// place of another while both are good: docs/guides/deploy.md.

/** The numbers in `edgeSecrets`: `1`, or `1, 2` while 2 takes the place of 1. */
function numbers(setting) {
  const listed = String(setting).split(',').map((number) => number.trim());
  const good = listed.every((number) => /^[1-9][0-9]{0,3}$/.test(number)) && new Set(listed).size === listed.length;
  if (!good || listed.length > 2) throw new Error(`edgeSecrets: ${setting} is neither a number nor two different ones, like 1, 2`);
  return listed;
}

const resolved = (number) => `{{resolve:secretsmanager:\${EdgeSecret${number}}}}`;

const generated = (number) => ({
  Type: 'AWS::SecretsManager::Secret',
  Properties: {
    Name: { 'Fn::Sub': `\${AWS::StackName}-edge-${number}` },
    Description: { 'Fn::Sub': 'What CloudFront shows to the functions of ${AWS::StackName}' },
    KmsKeyId: { 'Fn::GetAtt': ['DataKey', 'Arn'] },
    // Without the comma that stands between two of them.
    GenerateSecretString: { PasswordLength: 48, ExcludePunctuation: true },
  },
});

module.exports = async ({ resolveVariable }) => {
  const edge = (await resolveVariable('param:web')) !== 'none';
  const domain = await resolveVariable('param:domain');
  const certificate = await resolveVariable('param:certificate');
  if (Boolean(domain) !== Boolean(certificate)) throw new Error('domain and certificate: one without the other');
  if (domain && !edge) throw new Error('domain: only CloudFront answers at a domain of your own, set web to web');
  const own = edge ? 'https://${Web.DomainName}' : 'https://${HttpApi}.execute-api.${AWS::Region}.amazonaws.com';
  const secrets = edge ? numbers(await resolveVariable('param:edgeSecrets')) : [];
  return {
    // In the same order whichever is shown, so that a change of CloudFront alone is one.
    secret: edge ? { 'Fn::Sub': secrets.toSorted((one, other) => one - other).map(resolved).join(',') } : '',
    shown: edge ? { 'Fn::Sub': resolved(secrets[0]) } : '',
    secrets: { Resources: Object.fromEntries(secrets.map((number) => [`EdgeSecret${number}`, generated(number)])) },
    url: domain ? `https://${domain}` : { 'Fn::Sub': own },
    aliases: domain ? [domain] : [],
    certificate: certificate
      ? { AcmCertificateArn: certificate, SslSupportMethod: 'sni-only', MinimumProtocolVersion: 'TLSv1.2_2021' }
      : { CloudFrontDefaultCertificate: true },
  };
};
