import { compositionShard } from './shard.ts';

compositionShard(1, 4);
