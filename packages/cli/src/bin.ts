import { main } from './main.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has gone (as with `| head`): nothing is left to say.
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.exit(await main(process.argv.slice(2)));
