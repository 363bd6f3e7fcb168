import { compositionShard } from './shard.ts';

compositionShard(2, 4);
