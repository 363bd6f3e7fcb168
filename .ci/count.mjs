// Prints "passed failed" of a JSON report of vitest. A file that could not be run counts as a failure, and so does a test
// run that ended badly without one.
import { existsSync, readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
let passed = 0;
let failed = 0;
if (existsSync(path)) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  passed = report.numPassedTests;
  failed = report.numFailedTests;
  failed += report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
}
console.log(`${passed} ${failed === 0 && status !== '0' ? 1 : failed}`);
